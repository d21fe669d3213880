#pragma once

#include <string>
#include <utility>

#include "ociferry/error.hpp"

namespace ociferry {

/// Thrown for bytes that are something else than a tar from their beginning on, such as a chart's signature or a layer
/// packed with xz. Nothing of them is damaged.
class NoTar : public Error {
 public:
  explicit NoTar(std::string message, ErrorCode code = ErrorCode::Usage) : Error(code, std::move(message)) {}
};

}  // namespace ociferry

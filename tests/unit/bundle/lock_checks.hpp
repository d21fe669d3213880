#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/fd.hpp"
#include "support/error_of.hpp"

namespace ociferry::testing {

/// What a real imgpkg wrote: a file below fixtures/imgpkg.
inline std::string imgpkg_fixture(const std::string& name) {
  return read_file(std::string(FIXTURES) + "/imgpkg/" + name, 1 << 20);
}

/// The message with which `parse` refuses a file; all refusals of a file are Hostile.
inline std::string refusal_by(const std::function<void()>& parse) {
  const Error error = error_of(parse);
  CHECK(error.code() == ErrorCode::Hostile);
  return error.message();
}

}  // namespace ociferry::testing

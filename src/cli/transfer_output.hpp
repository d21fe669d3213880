#pragma once

#include <string>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// One line that says what an export made.
[[nodiscard]] std::string export_line(const TransferReport& report, const std::string& archive);
/// One line that says what an import or copy did.
[[nodiscard]] std::string relocate_line(const TransferReport& report, const RepositoryName& to);

}  // namespace ociferry

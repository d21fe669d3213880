#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ociferry::testing {

/// One system call that a watched run made and that was not made to fail.
struct LoggedCall {
  std::string kind;  ///< one of kKindNames
  std::string path;  ///< what was opened, renamed, written to, ...; "-" if it has no name
  std::string to;    ///< the new name of "rename" and "link"
  int flags = 0;     ///< of "open"
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::int64_t result = 0;
  std::string data = {};  ///< of "write", if it was asked for
};

/// Reads what CallScript wrote. Throws std::runtime_error if it is something else.
[[nodiscard]] std::vector<LoggedCall> read_call_log(const std::filesystem::path& file, bool with_data);

}  // namespace ociferry::testing

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace ociferry {

/// How the temporary names of outputs go on after the output's own: ".NAME.ociferry-XXXXXX".
[[nodiscard]] std::string temporary_prefix(const std::filesystem::path& output);

/// A temporary file or directory whose owner was killed, locked against other processes.
struct Leftover {
  std::filesystem::path path;
  UniqueFd lock;
};

enum class LeftoverKind { File, Directory };

/// What killed runs of this user left in `directory` under names with `prefix`: all that no process has locked. Empty
/// on errors.
[[nodiscard]] std::vector<Leftover> leftovers(const std::filesystem::path& directory, std::string_view prefix,
                                              LeftoverKind kind);

/// True if `fd` is still the file that `path` names.
[[nodiscard]] bool is_named(int fd, const std::filesystem::path& path);

/// Locks a file or directory for as long as it is open (flock). False if another process has locked it. Without
/// locks on the file system, assumes that there is no other process. Throws Error{Io}.
[[nodiscard]] bool lock_file(int fd, const std::string& name);

}  // namespace ociferry

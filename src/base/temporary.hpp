#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace ociferry {

/// How the temporary names of outputs go on after the output's own: ".NAME.ociferry-XXXXXX".
[[nodiscard]] std::string temporary_prefix(const std::filesystem::path& output);

/// A temporary file or directory whose owner was killed. The lock keeps other processes from finding it too.
struct Leftover {
  std::filesystem::path path;
  UniqueFd lock;
};

enum class LeftoverKind { File, Directory };

/// What killed runs of this user left in `directory` under names that begin with `prefix`: all that no living process
/// has locked. Empty where that cannot be found out.
[[nodiscard]] std::vector<Leftover> leftovers(const std::filesystem::path& directory, std::string_view prefix,
                                              LeftoverKind kind);

/// True if `fd` is still the file that `path` names.
[[nodiscard]] bool is_named(int fd, const std::filesystem::path& path);

/// Locks a file or directory for as long as it is open (flock). False if another process has locked it. Where the file
/// system knows no locks it is as if nobody else were there. Throws Error{Io}.
[[nodiscard]] bool lock_file(int fd, const std::string& name);

}  // namespace ociferry

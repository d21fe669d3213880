#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "archive/tar_header.hpp"

namespace ociferry {

/// A file or directory to be packed.
struct FileEntry {
  /// Its path in the layer: relative to the argument that it was found under; "." for the argument itself.
  std::string name;
  TarType type = TarType::File;
  std::uint32_t mode = 0;       ///< permission, setuid, setgid and sticky bits (07777)
  std::uint32_t root_mode = 0;  ///< the same of the argument it was found under
  std::uint64_t size = 0;       ///< bytes; 0 for a directory
  std::filesystem::path path;   ///< where it is: the argument and the way from it
};

/// Lists what the arguments hold, in imgpkg's order: argument by argument, a directory before its content, names by
/// their bytes. Arguments are not merged. A path that equals one of `exclusions` exactly, as seen from its argument,
/// is left out with all below it. Throws Error{Usage} for anything that is no file or directory (links included),
/// Error if something cannot be read.
[[nodiscard]] std::vector<FileEntry> collect_files(const std::vector<std::filesystem::path>& arguments,
                                                   const std::vector<std::string>& exclusions);

/// The last part of a path; that of "a/b/" is b.
[[nodiscard]] std::string base_name(const std::filesystem::path& path);

}  // namespace ociferry

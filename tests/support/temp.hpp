#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace ociferry::testing {

/// A new directory below the system's place for temporary files; gone with all it holds when the object is.
[[nodiscard]] TempDirectory temp_directory();

/// The whole file, however long. Throws Error.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);
/// Writes `content` to `path`; makes the directories above it if need be. Throws Error.
void write_text(const std::filesystem::path& path, std::string_view content);
/// Each regular file below `directory`, by its path from there, and what is in it. Throws Error and
/// std::filesystem::filesystem_error.
[[nodiscard]] std::map<std::string, std::string> files_below(const std::filesystem::path& directory);

/// `size` bytes that depend on `seed` only and that do not compress.
[[nodiscard]] std::string random_bytes(std::size_t size, std::uint64_t seed);

}  // namespace ociferry::testing

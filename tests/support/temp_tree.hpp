#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace ociferry {

/// A directory for one test, filled file by file; its own mode is 0755.
class TempTree {
 public:
  TempTree() : directory_(std::filesystem::temp_directory_path(), "tree-") { chmod(path(), 0755); }

  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return path() / name; }

  /// Writes a file, and makes the directories above it if need be.
  TempTree& file(const std::string& name, std::string_view content, unsigned mode = 0644) {
    directory(std::filesystem::path(name).parent_path().string());
    write_file_atomically(path(name), content, mode);
    return *this;
  }
  TempTree& directory(const std::string& name, unsigned mode = 0755) {
    if (name.empty()) return *this;
    std::filesystem::create_directories(path(name));
    chmod(path(name), mode);
    return *this;
  }

 private:
  static void chmod(const std::filesystem::path& path, unsigned mode) {
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  }

  TempDirectory directory_;
};

}  // namespace ociferry

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace ociferry {

/// Makes the directories above a place, and takes away again those that were made, if empty, unless they are kept.
class ParentDirectories {
 public:
  explicit ParentDirectories(const std::filesystem::path& directory);
  ParentDirectories(const ParentDirectories&) = delete;
  ParentDirectories& operator=(const ParentDirectories&) = delete;
  ~ParentDirectories();
  void keep() noexcept { made_.clear(); }

 private:
  std::vector<std::filesystem::path> made_;  ///< the deepest first
};

/// A directory that is filled beside its final place and then takes it in one step. What was there before stays
/// untouched until then, and is removed afterwards.
class OutputDirectory {
 public:
  /// Throws Error{Usage} for a path that must not be replaced: a file, empty, the root, the working
  /// directory or one above it, the home directory; Error if the place beside it cannot be written.
  explicit OutputDirectory(const std::filesystem::path& target);

  /// The directory to fill; mode 0777 less the umask.
  [[nodiscard]] const std::filesystem::path& content() const noexcept { return content_; }
  /// A further place on the same file system for what is not finished; removed in the end.
  [[nodiscard]] std::filesystem::path scratch(const std::string& name) const { return temporary_.path() / name; }
  /// Makes the content durable and puts it in place. Throws Error; then the target is as it was.
  void publish();

 private:
  void replace_in_two_steps();

  std::filesystem::path target_;
  ParentDirectories parents_;
  TempDirectory temporary_;
  std::filesystem::path content_;
};

}  // namespace ociferry

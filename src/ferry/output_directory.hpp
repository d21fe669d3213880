#pragma once

#include <filesystem>

#include "base/fd.hpp"

namespace ociferry {

/// A directory that is filled beside its final place and then takes it in one step. What was there before stays
/// untouched until then, and is removed afterwards.
class OutputDirectory {
 public:
  /// Throws Error{Usage} for a path that must not be replaced: empty, the root, the working directory or one above
  /// it, the home directory; Error if the place beside it cannot be written.
  explicit OutputDirectory(const std::filesystem::path& target);

  /// The directory to fill; mode 0777 less the umask.
  [[nodiscard]] const std::filesystem::path& content() const noexcept { return content_; }
  /// A further place on the same file system for what is not finished; removed in the end.
  [[nodiscard]] std::filesystem::path scratch(const std::string& name) const { return temporary_.path() / name; }
  /// Makes the content durable and puts it in place. Throws Error; then the target is as it was.
  void publish();

 private:
  std::filesystem::path target_;
  TempDirectory temporary_;
  std::filesystem::path content_;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/room.hpp"

namespace ociferry {

/// Creates the parent directories of a path. Removes the ones it created, if empty, unless keep() was called.
class ParentDirectories {
 public:
  explicit ParentDirectories(const std::filesystem::path& directory);
  ParentDirectories(const ParentDirectories&) = delete;
  ParentDirectories& operator=(const ParentDirectories&) = delete;
  ~ParentDirectories();
  void keep() noexcept { made_.clear(); }

 private:
  void remove_created() noexcept;

  std::vector<std::filesystem::path> made_;  ///< deepest first
};

/// True if replacing `directory` loses no user data: it is absent or empty; has the mark of our pull, the extended
/// attribute user.ociferry.pulled; or looks like a pulled bundle, which imgpkg may have written: it has
/// .imgpkg/images.yml, but no version control, which push excludes. Throws Error{Io}.
[[nodiscard]] bool may_be_replaced(const std::filesystem::path& directory);

/// A directory that is written beside its final place and then renamed to it in one step. The old one stays untouched
/// until then, and is removed afterwards.
///
/// Unfinished content is in ".NAME.ociferry-XXXXXX". The next run for the same place resumes the downloads of a killed
/// one (see `downloads`), and removes the rest. Concurrent runs are possible; the last one wins.
class OutputDirectory {
 public:
  /// Throws Error{Usage} for a path that must not be replaced: a file, empty, the root, the working directory or one
  /// above it, the home directory; Error{Refused} for a directory whose content may not come from a pull (see
  /// `may_be_replaced`), unless `force`; Error if the place beside it cannot be written.
  explicit OutputDirectory(const std::filesystem::path& target, bool force = false);

  /// The free space, downloads of an earlier run included. Throws Error{Io}.
  [[nodiscard]] Room room() const;
  /// Throws Error{Space} if a download of `bytes` bytes would not fit; its unpacked content needs additional space.
  void check_room(std::uint64_t bytes) const;

  /// The directory to write to; mode 0777 less the umask.
  [[nodiscard]] const std::filesystem::path& content() const noexcept { return content_; }
  /// Another directory on the same file system for unfinished content; removed by the destructor.
  [[nodiscard]] std::filesystem::path scratch(const std::string& name) const { return temporary_.path() / name; }
  /// A directory for downloads, each named by its digest, on the same file system. A killed run leaves them to the next
  /// one, so their content must be verified. Removed by the destructor.
  [[nodiscard]] const std::filesystem::path& downloads() const noexcept { return downloads_; }
  /// Marks the content as pulled, syncs it and renames it to its place. Throws Error; then the target is as it was.
  void publish();

 private:
  void replace_in_two_steps();

  std::filesystem::path target_;
  bool force_;
  ParentDirectories parents_;
  TempDirectory temporary_;
  std::filesystem::path content_;
  std::filesystem::path downloads_;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/room.hpp"

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
  void take_away() noexcept;

  std::vector<std::filesystem::path> made_;  ///< the deepest first
};

/// A directory that is filled beside its final place and then takes it in one step. What was there before stays
/// untouched until then, and is removed afterwards.
///
/// All that is not finished lies in ".NAME.ociferry-XXXXXX". If a run is killed, the next one for the same place takes
/// that over: downloads go on (see `downloads`), the rest is removed. Several may be filled at a time; the last wins.
class OutputDirectory {
 public:
  /// Throws Error{Usage} for a path that must not be replaced: a file, empty, the root, the working
  /// directory or one above it, the home directory; Error if the place beside it cannot be written.
  explicit OutputDirectory(const std::filesystem::path& target);

  /// The room that there is, downloads of an earlier run included. Throws Error{Io}.
  [[nodiscard]] Room room() const;
  /// Throws Error{Space} if not even a download of `bytes` bytes would fit; what it unpacks to comes on top.
  void check_room(std::uint64_t bytes) const;

  /// The directory to fill; mode 0777 less the umask.
  [[nodiscard]] const std::filesystem::path& content() const noexcept { return content_; }
  /// A further place on the same file system for what is not finished; removed in the end.
  [[nodiscard]] std::filesystem::path scratch(const std::string& name) const { return temporary_.path() / name; }
  /// A directory for downloads, each named by its digest, on the same file system. A run that is killed leaves them to
  /// the next one: what is in them must be checked. Removed in the end.
  [[nodiscard]] const std::filesystem::path& downloads() const noexcept { return downloads_; }
  /// Makes the content durable and puts it in place. Throws Error; then the target is as it was.
  void publish();

 private:
  void replace_in_two_steps();

  std::filesystem::path target_;
  ParentDirectories parents_;
  TempDirectory temporary_;
  std::filesystem::path content_;
  std::filesystem::path downloads_;
};

}  // namespace ociferry

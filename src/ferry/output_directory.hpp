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

/// True if nothing that somebody made by hand is lost when `directory` goes: it is absent or empty; or a pull of ours
/// left its mark, which is an extended attribute of the directory (user.ociferry.pulled), so that nothing is added to
/// what it holds; or it is a bundle as pulls leave it, of imgpkg too and where there are no such attributes: with
/// .imgpkg/images.yml, but no folder of a version control system, which no push takes along. Throws Error{Io}.
[[nodiscard]] bool may_be_replaced(const std::filesystem::path& directory);

/// A directory that is filled beside its final place and then takes it in one step. What was there before stays
/// untouched until then, and is removed afterwards.
///
/// All that is not finished lies in ".NAME.ociferry-XXXXXX". If a run is killed, the next one for the same place takes
/// that over: downloads go on (see `downloads`), the rest is removed. Several may be filled at a time; the last wins.
class OutputDirectory {
 public:
  /// Throws Error{Usage} for a path that must not be replaced: a file, empty, the root, the working
  /// directory or one above it, the home directory; Error{Refused} for a directory with something in it that no pull
  /// made (see `may_be_replaced`), unless `force` is given; Error if the place beside it cannot be written.
  explicit OutputDirectory(const std::filesystem::path& target, bool force = false);

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
  /// Marks the content as a pull's, makes it durable and puts it in place. Throws Error; then the target is as it was.
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

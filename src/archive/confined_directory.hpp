#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace ociferry {

/// Confines file operations to a directory: the kernel refuses, in every path, "..", absolute parts and symbolic links
/// (openat2(2): RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS). The last part of a path is never followed
/// either. Without openat2, each part is opened separately with O_NOFOLLOW.
///
/// Paths are those of member_path(); an empty one is the directory itself. A path that leads through a symbolic link or
/// a file throws Error{Hostile}; other failures throw Error from system_error(). Not thread-safe.
class ConfinedDirectory {
 public:
  /// How paths are looked up; Walk is what kernels and sandboxes without openat2 get.
  enum class Lookup { Kernel, Walk };
  enum class Kind { Absent, File, Directory, Symlink, Other };

  /// Opens `directory`, which must exist; it stays confined to that directory even if it is renamed.
  explicit ConfinedDirectory(const std::filesystem::path& directory, Lookup lookup = Lookup::Kernel);

  /// The status of `path` (of a link itself). Absent also if its parent is absent.
  [[nodiscard]] Kind kind(const std::string& path);
  /// The names in the directory at `path`.
  [[nodiscard]] std::vector<std::string> names(const std::string& path);
  /// The target of the symbolic link at `path`.
  [[nodiscard]] std::string read_link(const std::string& path);
  /// Opens the file at `path` for reading.
  [[nodiscard]] UniqueFd open_file(const std::string& path);

  /// Creates the directory at `path` and missing ones above it, with mode 0777 less the umask. Returns how many were
  /// created.
  std::size_t make_directories(const std::string& path);
  /// Gives the directory at `path` the permissions `mode`, less the umask that was in force when this object was made;
  /// the owner's rights are not taken away by the umask.
  void set_directory_mode(const std::string& path, unsigned mode);
  /// Creates a file for writing, with `mode` less the umask. There must be nothing at `path`, and its parent must
  /// exist.
  [[nodiscard]] UniqueFd create_file(const std::string& path, unsigned mode);
  /// Creates a symbolic link that holds `target`, whatever that is.
  void make_symlink(const std::string& path, const std::string& target);
  /// Gives the file at `existing` the further name `path`; false if the file system has no hard links (or no more).
  [[nodiscard]] bool make_hardlink(const std::string& path, const std::string& existing);
  /// Removes what is at `path`, a directory with all it holds, a link itself; nothing if nothing is there.
  void remove(const std::string& path);
  /// Syncs all that was written (syncfs). Blocks on the disk.
  void sync();

 private:
  /// A split path: an open directory, which enter() keeps, and a name in it.
  struct Place {
    int directory;
    std::string name;
  };

  [[nodiscard]] bool enter(const std::string& directory);
  [[nodiscard]] Place place(const std::string& path);
  [[nodiscard]] int look_up(const std::string& directory) const;
  [[nodiscard]] int walk(const std::string& directory) const;
  void make_directory(const std::string& path);

  std::string name_;
  UniqueFd root_;
  Lookup lookup_;
  unsigned umask_;
  std::string entered_path_;  ///< the directory looked up last: neighbours in a layer mostly share it
  UniqueFd entered_;
};

}  // namespace ociferry

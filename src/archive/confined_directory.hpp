#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace ociferry {

/// A directory that nothing done through it can leave: the kernel refuses, for every path, "..", absolute parts and
/// symbolic links on the way (openat2(2): RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS). The last part
/// of a path is never followed either. Where the kernel has no openat2, each part is opened by itself with O_NOFOLLOW.
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

  /// What is at `path`, a link itself rather than what it names. Absent too if its parent is absent.
  [[nodiscard]] Kind kind(const std::string& path);
  /// The names in the directory at `path`.
  [[nodiscard]] std::vector<std::string> names(const std::string& path);
  /// What the symbolic link at `path` holds.
  [[nodiscard]] std::string read_link(const std::string& path);
  /// Opens the file at `path` for reading.
  [[nodiscard]] UniqueFd open_file(const std::string& path);

  /// Makes the directory at `path` and those above it, as far as they are missing, with mode 0777 less the umask.
  /// Returns how many it made.
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
  /// Makes all that was written durable (syncfs). Blocks on the disk.
  void sync();

 private:
  /// A path taken apart: an open directory, which enter() keeps, and a name in it.
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

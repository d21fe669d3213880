#include "archive/confined_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include "archive/member_path.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY;

int open_beneath(int root, const char* path) {
  while (true) {
    const int fd = calls::open_beneath(root, path);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return fd;
  }
}

/// openat, repeated after EINTR.
int open_at(int directory, const std::string& name, int flags, unsigned mode = 0) {
  while (true) {
    const int fd = calls::openat(directory, name.c_str(), flags, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

bool kernel_can_confine(int root) {
  const UniqueFd probe(open_beneath(root, "."));
  return static_cast<bool>(probe);
}

Error failure(std::string_view doing, const std::string& root, const std::string& path) {
  const int reason = errno;
  if (reason == ELOOP || reason == ENOTDIR || reason == EXDEV) {
    return {ErrorCode::Hostile,
            text::cat(doing, " '", path, "' in ", root, ": its path leads through a symbolic link or a file")};
  }
  return system_error(text::cat(doing, " '", path, "' in ", root), reason);
}

/// The last part of `path`. Throws unless it is a plain name, since system calls get it unchanged.
std::string last_name(const std::string& path) {
  std::string name(file_name(path));
  if (name.empty() || name == "." || name == "..") {
    throw Error(ErrorCode::Hostile, text::cat("'", path, "' names nothing within a directory"));
  }
  return name;
}

/// The umask can only be read by setting it.
unsigned current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

ConfinedDirectory::ConfinedDirectory(const std::filesystem::path& directory, Lookup lookup)
    : name_(directory.string()),
      root_(ociferry::open_file(directory, O_RDONLY | O_DIRECTORY)),
      lookup_(lookup),
      umask_(current_umask()) {
  if (!kernel_can_confine(root_.get())) lookup_ = Lookup::Walk;
}

int ConfinedDirectory::walk(const std::string& directory) const {
  UniqueFd current;
  int fd = root_.get();
  for (const std::string& part : text::split(directory, '/')) {
    UniqueFd next(open_at(fd, last_name(part), kDirectoryFlags | O_NOFOLLOW));
    if (!next) return -1;
    current = std::move(next);
    fd = current.get();
  }
  return ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int ConfinedDirectory::look_up(const std::string& directory) const {
  // One step down from the current directory: avoids quadratic time in deep trees.
  if (!entered_path_.empty() && parent_path(directory) == entered_path_) {
    return open_at(entered_.get(), last_name(directory), kDirectoryFlags | O_NOFOLLOW);
  }
  return lookup_ == Lookup::Kernel ? open_beneath(root_.get(), directory.c_str()) : walk(directory);
}

/// Sets entered_ to `directory`; false if it does not exist.
bool ConfinedDirectory::enter(const std::string& directory) {
  if (directory == entered_path_) return true;
  UniqueFd found(look_up(directory));
  if (!found) {
    if (errno == ENOENT) return false;
    throw failure("looking up", name_, directory);
  }
  entered_ = std::move(found);
  entered_path_ = directory;
  return true;
}

ConfinedDirectory::Place ConfinedDirectory::place(const std::string& path) {
  const std::string parent = parent_path(path);
  std::string name = last_name(path);
  if (parent.empty()) return {root_.get(), std::move(name)};
  if (!enter(parent)) throw system_error(text::cat("looking up '", parent, "' in ", name_), ENOENT);
  return {entered_.get(), std::move(name)};
}

ConfinedDirectory::Kind ConfinedDirectory::kind(const std::string& path) {
  if (path.empty()) return Kind::Directory;
  if (const std::string parent = parent_path(path); !parent.empty() && !enter(parent)) return Kind::Absent;
  const Place at = place(path);
  struct stat status {};
  if (::fstatat(at.directory, at.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Kind::Absent;
    throw failure("looking at", name_, path);
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return Kind::File;
    case S_IFDIR: return Kind::Directory;
    case S_IFLNK: return Kind::Symlink;
    default: return Kind::Other;
  }
}

std::vector<std::string> ConfinedDirectory::names(const std::string& path) {
  const Place at = path.empty() ? Place{root_.get(), "."} : place(path);
  const int fd = open_at(at.directory, at.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) throw failure("listing", name_, path);
  const std::unique_ptr<DIR, CloseDirectory> listing(::fdopendir(fd));
  if (!listing) {
    static_cast<void>(calls::close(fd));
    throw system_error(text::cat("listing '", path, "' in ", name_), ENOMEM);
  }
  std::vector<std::string> found;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") found.emplace_back(name);
  }
  if (errno != 0) throw failure("listing", name_, path);
  return found;
}

std::string ConfinedDirectory::read_link(const std::string& path) {
  const Place at = place(path);
  std::string target(PATH_MAX, '\0');
  const ssize_t got = ::readlinkat(at.directory, at.name.c_str(), target.data(), target.size());
  if (got < 0) throw failure("reading the link", name_, path);
  target.resize(static_cast<std::size_t>(got));
  return target;
}

UniqueFd ConfinedDirectory::open_file(const std::string& path) {
  const Place at = place(path);
  UniqueFd fd(open_at(at.directory, at.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) throw failure("opening", name_, path);
  return fd;
}

std::size_t ConfinedDirectory::make_directories(const std::string& path) {
  if (path.empty() || enter(path)) return 0;
  const std::size_t above = make_directories(parent_path(path));
  make_directory(path);
  return above + 1;
}

void ConfinedDirectory::make_directory(const std::string& path) {
  const Place at = place(path);
  if (calls::mkdirat(at.directory, at.name.c_str(), 0777) != 0) throw failure("creating directory", name_, path);
  struct stat status {};
  if (::fstatat(at.directory, at.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    throw failure("looking at", name_, path);
  }
  // An umask without the owner's permissions would make the directory unusable for us.
  if ((status.st_mode & S_IRWXU) == S_IRWXU) return;
  if (calls::fchmodat(at.directory, at.name.c_str(), (status.st_mode & 0777) | S_IRWXU) != 0) {
    throw failure("setting the mode of", name_, path);
  }
}

void ConfinedDirectory::set_directory_mode(const std::string& path, unsigned mode) {
  const Place at = place(path);
  const UniqueFd fd(open_at(at.directory, at.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (!fd) throw failure("opening", name_, path);
  if (calls::fchmod(fd.get(), (mode & ~umask_) | (mode & S_IRWXU)) != 0)
    throw failure("setting the mode of", name_, path);
}

UniqueFd ConfinedDirectory::create_file(const std::string& path, unsigned mode) {
  const Place at = place(path);
  UniqueFd fd(open_at(at.directory, at.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  if (!fd) throw failure("creating", name_, path);
  return fd;
}

void ConfinedDirectory::make_symlink(const std::string& path, const std::string& target) {
  const Place at = place(path);
  if (calls::symlinkat(target.c_str(), at.directory, at.name.c_str()) != 0) throw failure("creating link", name_, path);
}

bool ConfinedDirectory::make_hardlink(const std::string& path, const std::string& existing) {
  // A copy, since the second place() closes the first one's directory.
  const UniqueFd from(::fcntl(place(existing).directory, F_DUPFD_CLOEXEC, 0));
  if (!from) throw failure("looking up", name_, existing);
  const Place to = place(path);
  const std::string name = last_name(existing);
  if (calls::linkat(from.get(), name.c_str(), to.directory, to.name.c_str()) == 0) return true;
  if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK || errno == EXDEV) return false;
  throw failure("linking", name_, path);
}

void ConfinedDirectory::remove(const std::string& path) {
  const Kind found = kind(path);
  if (found == Kind::Absent) return;
  if (found == Kind::Directory) {
    for (const std::string& name : names(path)) remove(join_path(path, name));
    // entered_ may be removed.
    entered_path_.clear();
  }
  const Place at = place(path);
  if (calls::unlinkat(at.directory, at.name.c_str(), found == Kind::Directory ? AT_REMOVEDIR : 0) != 0) {
    throw failure("removing", name_, path);
  }
}

void ConfinedDirectory::sync() { sync_file_system(root_.get(), name_); }

}  // namespace ociferry

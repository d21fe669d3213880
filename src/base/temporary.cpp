#include "base/temporary.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRandomPart = "XXXXXX";

fs::path or_here(const fs::path& directory) { return directory.empty() ? fs::path(".") : directory; }

/// True if it is a `kind` of this user, and not writable for others.
bool is_ours(int fd, LeftoverKind kind) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_uid != ::geteuid()) return false;
  if (kind == LeftoverKind::File) return S_ISREG(status.st_mode);
  return S_ISDIR(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/// mkostemp that is retried after a signal.
UniqueFd make_file(std::string& name, const std::string& name_template) {
  while (true) {
    name = name_template;
    UniqueFd fd(calls::mkostemp(name.data()));
    if (fd) return fd;
    if (errno != EINTR) throw system_error(text::cat("creating ", fs::absolute(name_template).string()), errno);
  }
}

/// Some file systems have no modes and refuse to set them. There only what anybody may read can be written.
void set_mode(int fd, unsigned mode, const std::string& name) {
  if (calls::fchmod(fd, mode) == 0) return;
  const bool has_no_modes = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
  const bool is_public = (mode & S_IROTH) != 0;
  if (!has_no_modes || !is_public) throw system_error(text::cat("setting the mode of ", name), errno);
}

/// A new file with a temporary name, locked, so that no other process takes it for a leftover.
UniqueFd make_locked_file(std::string& name, const std::string& name_template) {
  while (true) {
    UniqueFd fd = make_file(name, name_template);
    if (lock_file(fd.get(), name) && is_named(fd.get(), name)) return fd;
    static_cast<void>(calls::unlinkat(AT_FDCWD, name.c_str(), 0));  // another process locked it as a leftover
  }
}

}  // namespace

std::string temporary_prefix(const fs::path& output) {
  return text::cat(".", output.filename().string(), ".ociferry-");
}

bool is_named(int fd, const fs::path& path) {
  struct stat open_file_status {};
  struct stat named_status {};
  return ::fstat(fd, &open_file_status) == 0 && ::lstat(path.c_str(), &named_status) == 0 &&
         open_file_status.st_ino == named_status.st_ino && open_file_status.st_dev == named_status.st_dev;
}

bool lock_file(int fd, const std::string& name) {
  while (calls::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK) return true;
    if (errno != EINTR) throw system_error(text::cat("locking ", name), errno);
  }
  return true;
}

std::vector<Leftover> leftovers(const fs::path& directory, std::string_view prefix, LeftoverKind kind) {
  std::vector<Leftover> found;
  std::error_code failure;
  for (fs::directory_iterator it(or_here(directory), failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix) || name.size() != prefix.size() + kRandomPart.size()) continue;
    UniqueFd fd(calls::open(it->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    if (!fd || !is_ours(fd.get(), kind)) continue;
    if (calls::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !is_named(fd.get(), it->path())) continue;
    found.push_back({it->path(), std::move(fd)});
  }
  return found;
}

void write_file_atomically(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path parent = or_here(path.parent_path());
  const std::string prefix = temporary_prefix(path);
  for (const Leftover& leftover : leftovers(parent, prefix, LeftoverKind::File)) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, leftover.path.c_str(), 0));  // best effort
  }
  std::string temporary;
  UniqueFd fd = make_locked_file(temporary, (parent / text::cat(prefix, kRandomPart)).string());
  try {
    set_mode(fd.get(), mode, temporary);
    write_full(fd.get(), as_bytes(content), path.string());
    fsync_fd(fd.get(), path.string());
    rename_file(temporary, path);
  } catch (Error& error) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, temporary.c_str(), 0));
    error.while_doing(text::cat("writing a file of ", content.size(), " bytes"));
    throw;
  } catch (...) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, temporary.c_str(), 0));
    throw;
  }
  fd.close(path.string());
  fsync_directory(parent);
}

TempDirectory::TempDirectory(const fs::path& parent, const std::string& prefix) {
  const std::string name_template = (or_here(parent) / text::cat(".", prefix, kRandomPart)).string();
  while (true) {
    std::string name = name_template;
    if (calls::mkdtemp(name.data()) == nullptr) {
      throw system_error(text::cat("creating ", fs::absolute(name_template).string()), errno);
    }
    path_ = name;
    try {
      lock_ = open_file(path_, O_RDONLY | O_DIRECTORY);
      if (lock_file(lock_.get(), name) && is_named(lock_.get(), path_)) return;
    } catch (...) {
      static_cast<void>(calls::remove_tree(path_));
      throw;
    }
    static_cast<void>(calls::remove_tree(path_));  // another process locked it as a leftover
  }
}

TempDirectory::TempDirectory(fs::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

TempDirectory::~TempDirectory() {
  if (!path_.empty()) static_cast<void>(calls::remove_tree(path_));
}

UniqueFd anonymous_file(const fs::path& directory) {
  UniqueFd fd(calls::open(directory.c_str(), O_TMPFILE | O_RDWR, 0600));
  if (fd) return fd;
  // Without O_TMPFILE on this file system: creates a named file and removes the name at once.
  std::string name = (directory / text::cat(".ociferry-", kRandomPart)).string();
  fd = make_file(name, name);
  if (calls::unlinkat(AT_FDCWD, name.c_str(), 0) != 0) throw system_error(text::cat("removing ", name), errno);
  return fd;
}

}  // namespace ociferry

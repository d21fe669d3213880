#include "base/system_calls.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace ociferry::calls {

namespace {

std::atomic<Observer*> observer{nullptr};

/// Makes a call, which gets the number of bytes it may move.
template <typename Make>
auto observed(const Call& call, Make make) {
  Observer* const watching = observer.load(std::memory_order_acquire);
  if (watching == nullptr) return make(static_cast<std::size_t>(call.size));
  const Verdict verdict = watching->before(call);
  using Result = decltype(make(std::size_t{}));
  if (verdict.failure != 0) {
    errno = verdict.failure;
    return static_cast<Result>(-1);
  }
  const Result result = make(std::min(static_cast<std::size_t>(call.size), verdict.at_most));
  const int why = errno;
  watching->after(call, static_cast<std::int64_t>(result));
  errno = why;
  return result;
}

}  // namespace

void observe(Observer* other) noexcept { observer.store(other, std::memory_order_release); }

int open(const char* path, int flags, unsigned mode) { return calls::openat(AT_FDCWD, path, flags, mode); }

int openat(int directory, const char* path, int flags, unsigned mode) {
  return observed({.kind = Kind::Open, .fd = directory, .path = path, .flags = flags},
                  [&](std::size_t) { return ::openat(directory, path, flags | O_CLOEXEC, mode); });
}

int open_beneath(int root, const char* path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return observed({.kind = Kind::Open, .fd = root, .path = path, .flags = O_PATH | O_DIRECTORY},
                  [&](std::size_t) { return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)); });
}

int mkostemp(char* path_template) {
  return observed({.kind = Kind::Open, .fd = AT_FDCWD, .path = path_template, .flags = O_RDWR | O_CREAT | O_EXCL},
                  [&](std::size_t) { return ::mkostemp(path_template, O_CLOEXEC); });
}

int close(int fd) {
  // On Linux, the descriptor is closed even if close fails.
  bool closed = false;
  const int result = observed({.kind = Kind::Close, .fd = fd}, [&](std::size_t) {
    closed = true;
    return ::close(fd);
  });
  if (closed) return result;
  const int why = errno;
  ::close(fd);
  errno = why;
  return result;
}

ssize_t read(int fd, void* buffer, std::size_t size) {
  return observed({.kind = Kind::Read, .fd = fd, .size = size},
                  [&](std::size_t most) { return ::read(fd, buffer, most); });
}

ssize_t pread(int fd, void* buffer, std::size_t size, off_t offset) {
  return observed({.kind = Kind::Read, .fd = fd, .offset = static_cast<std::uint64_t>(offset), .size = size},
                  [&](std::size_t most) { return ::pread(fd, buffer, most, offset); });
}

ssize_t write(int fd, const void* data, std::size_t size) {
  return observed({.kind = Kind::Write, .fd = fd, .size = size, .data = data},
                  [&](std::size_t most) { return ::write(fd, data, most); });
}

ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) {
  return observed(
      {.kind = Kind::Write, .fd = fd, .offset = static_cast<std::uint64_t>(offset), .size = size, .data = data},
      [&](std::size_t most) { return ::pwrite(fd, data, most, offset); });
}

int fsync(int fd) {
  return observed({.kind = Kind::Sync, .fd = fd}, [&](std::size_t) { return ::fsync(fd); });
}

int syncfs(int fd) {
  return observed({.kind = Kind::Sync, .fd = fd}, [&](std::size_t) { return ::syncfs(fd); });
}

int fallocate(int fd, int mode, off_t size) {
  return observed({.kind = Kind::Reserve, .fd = fd, .size = static_cast<std::uint64_t>(size)},
                  [&](std::size_t) { return ::fallocate(fd, mode, 0, size); });
}

int ftruncate(int fd, off_t size) {
  return observed({.kind = Kind::Truncate, .fd = fd, .size = static_cast<std::uint64_t>(size)},
                  [&](std::size_t) { return ::ftruncate(fd, size); });
}

int rename(const char* from, const char* to) {
  return observed({.kind = Kind::Rename, .fd = AT_FDCWD, .path = from, .to = to, .to_fd = AT_FDCWD},
                  [&](std::size_t) { return ::rename(from, to); });
}

int exchange(const char* one, const char* other) {
  return observed({.kind = Kind::Rename, .fd = AT_FDCWD, .path = one, .to = other, .to_fd = AT_FDCWD},
                  [&](std::size_t) { return ::renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE); });
}

int unlinkat(int directory, const char* path, int flags) {
  return observed({.kind = Kind::Remove, .fd = directory, .path = path, .flags = flags},
                  [&](std::size_t) { return ::unlinkat(directory, path, flags); });
}

int mkdirat(int directory, const char* path, unsigned mode) {
  return observed({.kind = Kind::MakeDirectory, .fd = directory, .path = path},
                  [&](std::size_t) { return ::mkdirat(directory, path, mode); });
}

char* mkdtemp(char* path_template) {
  const int result = observed({.kind = Kind::MakeDirectory, .fd = AT_FDCWD, .path = path_template},
                              [&](std::size_t) { return ::mkdtemp(path_template) == nullptr ? -1 : 0; });
  return result == 0 ? path_template : nullptr;
}

int symlinkat(const char* target, int directory, const char* path) {
  return observed({.kind = Kind::Link, .fd = directory, .path = target, .to = path, .to_fd = directory},
                  [&](std::size_t) { return ::symlinkat(target, directory, path); });
}

int linkat(int from_directory, const char* from, int to_directory, const char* to) {
  return observed({.kind = Kind::Link, .fd = from_directory, .path = from, .to = to, .to_fd = to_directory},
                  [&](std::size_t) { return ::linkat(from_directory, from, to_directory, to, 0); });
}

int flock(int fd, int operation) {
  return observed({.kind = Kind::Lock, .fd = fd}, [&](std::size_t) { return ::flock(fd, operation); });
}

int fchmod(int fd, unsigned mode) {
  return observed({.kind = Kind::Attributes, .fd = fd}, [&](std::size_t) { return ::fchmod(fd, mode); });
}

int fchmodat(int directory, const char* path, unsigned mode) {
  return observed({.kind = Kind::Attributes, .fd = directory, .path = path},
                  [&](std::size_t) { return ::fchmodat(directory, path, mode, 0); });
}

int futimens(int fd, const std::array<timespec, 2>& times) {
  return observed({.kind = Kind::Attributes, .fd = fd}, [&](std::size_t) { return ::futimens(fd, times.data()); });
}

int socket(int family, int type, int protocol) {
  return observed({.kind = Kind::Connect},
                  [&](std::size_t) { return ::socket(family, type | SOCK_CLOEXEC, protocol); });
}

bool remove_tree(const std::filesystem::path& path) {
  return observed({.kind = Kind::Remove, .fd = AT_FDCWD, .path = path.c_str()}, [&](std::size_t) {
           std::error_code failure;
           std::filesystem::remove_all(path, failure);
           errno = failure.value();
           return failure ? -1 : 0;
         }) == 0;
}

int sending(std::size_t size) {
  return observed({.kind = Kind::Send, .size = size}, [](std::size_t) { return 0; }) == 0 ? 0 : errno;
}

int received(std::size_t size) {
  return observed({.kind = Kind::Receive, .size = size}, [](std::size_t) { return 0; }) == 0 ? 0 : errno;
}

}  // namespace ociferry::calls

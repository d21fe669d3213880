#pragma once

#include <sys/types.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>

/// The system calls that can fail and that something depends on, each by its own name: nothing else in src/ makes them
/// (tests/lint). They do what the calls of the same name do, errno included, but O_CLOEXEC is always added. Tests set
/// an Observer that lets the nth one fail, ends the process there, or writes down what was done; without one, a call
/// costs one more load.
namespace ociferry::calls {

enum class Kind {
  Open,
  Read,
  Write,
  Sync,
  Reserve,
  Truncate,
  Rename,
  Close,
  Remove,
  MakeDirectory,
  Link,
  Lock,
  Attributes,
  Connect,  ///< a socket is made
  Send,     ///< libcurl asks for more to send
  Receive,  ///< libcurl has received something
};

/// A call that is about to be made, or was. What does not apply is left at its default.
struct Call {
  Kind kind = Kind::Open;
  int fd = -1;  ///< the file, or the directory that `path` begins in (AT_FDCWD: the working directory)
  const char* path = nullptr;
  const char* to = nullptr;    ///< the new name of Rename and Link
  int to_fd = -1;              ///< the directory that `to` begins in
  int flags = 0;               ///< of Open
  std::uint64_t offset = 0;    ///< of a pread or pwrite
  std::uint64_t size = 0;      ///< bytes to be read, written or reserved; the new length of Truncate
  const void* data = nullptr;  ///< what is written
};

/// What an Observer wants to happen.
struct Verdict {
  int failure = 0;                                     ///< not 0: the call fails with this errno
  std::size_t at_most = static_cast<std::size_t>(-1);  ///< Read, Write: no more bytes than these
};

/// Sees every call of the process, on the thread that makes it.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual Verdict before(const Call& call) noexcept = 0;
  /// `result` is what the call returned; not asked for calls that a Verdict let fail.
  virtual void after(const Call& call, std::int64_t result) noexcept = 0;
};

/// Makes `observer` (not owned; null: none) see all later calls. For tests, before they start threads.
void observe(Observer* observer) noexcept;

[[nodiscard]] int open(const char* path, int flags, unsigned mode = 0);
[[nodiscard]] int openat(int directory, const char* path, int flags, unsigned mode = 0);
/// openat2(2) of an O_PATH descriptor for a directory below `root`, on a way without symbolic links.
[[nodiscard]] int open_beneath(int root, const char* path);
[[nodiscard]] int mkostemp(char* path_template);
[[nodiscard]] int close(int fd);
[[nodiscard]] ssize_t read(int fd, void* buffer, std::size_t size);
[[nodiscard]] ssize_t pread(int fd, void* buffer, std::size_t size, off_t offset);
[[nodiscard]] ssize_t write(int fd, const void* data, std::size_t size);
[[nodiscard]] ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset);
[[nodiscard]] int fsync(int fd);
[[nodiscard]] int syncfs(int fd);
/// fallocate(2) from the file's beginning on.
[[nodiscard]] int fallocate(int fd, int mode, off_t size);
[[nodiscard]] int ftruncate(int fd, off_t size);
[[nodiscard]] int rename(const char* from, const char* to);
/// renameat2(2) with RENAME_EXCHANGE.
[[nodiscard]] int exchange(const char* one, const char* other);
[[nodiscard]] int unlinkat(int directory, const char* path, int flags);
[[nodiscard]] int mkdirat(int directory, const char* path, unsigned mode);
/// Null on failure, else `path_template`.
[[nodiscard]] char* mkdtemp(char* path_template);
[[nodiscard]] int symlinkat(const char* target, int directory, const char* path);
[[nodiscard]] int linkat(int from_directory, const char* from, int to_directory, const char* to);
[[nodiscard]] int flock(int fd, int operation);
[[nodiscard]] int fchmod(int fd, unsigned mode);
[[nodiscard]] int fchmodat(int directory, const char* path, unsigned mode);
[[nodiscard]] int futimens(int fd, const std::array<timespec, 2>& times);
[[nodiscard]] int socket(int family, int type, int protocol);

/// Removes `path` with all below it; one call to an Observer, however many it takes. False, with errno, on failure.
[[nodiscard]] bool remove_tree(const std::filesystem::path& path);

/// libcurl sends and receives by itself. These tell an Observer of it; the result is 0, or the errno with which the
/// transfer shall fail.
[[nodiscard]] int sending(std::size_t size);
[[nodiscard]] int received(std::size_t size);

}  // namespace ociferry::calls

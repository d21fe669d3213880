#pragma once

#include <atomic>
#include <cstdint>

namespace ociferry {

/// Hints to the kernel about a large file that is written or read once, so that the machine stays usable meanwhile and
/// the last fsync has little left to do. Nothing depends on them: failures are ignored. Thread-safe.
class PageCacheHints {
 public:
  /// For the open file `fd`, which must outlive it, of which `bytes` will be written or read.
  PageCacheHints(int fd, std::uint64_t bytes);

  /// `size` more bytes were written, anywhere in the file: now and then, lets the device begin with them.
  void wrote(std::uint64_t size);
  /// Bytes that were read and are not needed again; takes them out of memory if the file would fill it.
  void has_read(std::uint64_t offset, std::uint64_t size) const;

 private:
  int fd_;
  bool fills_memory_;
  std::atomic<std::uint64_t> written_ = 0;
};

}  // namespace ociferry

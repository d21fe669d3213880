#pragma once

#include <atomic>
#include <cstdint>

namespace ociferry {

/// Page cache hints for a large file that is written or read once, so that it does not fill the memory and the last
/// fsync is short. Failures are ignored. Thread-safe.
class PageCacheHints {
 public:
  /// For the open file `fd`, which must outlive it, of which `bytes` will be written or read.
  PageCacheHints(int fd, std::uint64_t bytes);

  /// `size` more bytes were written, anywhere in the file. Starts writeback now and then.
  void wrote(std::uint64_t size);
  /// These bytes were read and are not needed again. Drops them from memory if the file would fill it.
  void has_read(std::uint64_t offset, std::uint64_t size) const;

 private:
  int fd_;
  bool fills_memory_;
  std::atomic<std::uint64_t> written_ = 0;
};

}  // namespace ociferry

#include "medium/page_cache.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace ociferry {

namespace {

constexpr std::uint64_t kWindow = 32 * 1024 * 1024;

/// True if `bytes` bytes would evict most of the page cache.
bool would_fill_memory(std::uint64_t bytes) {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return false;
  return bytes > static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / 2;
}

}  // namespace

PageCacheHints::PageCacheHints(int fd, std::uint64_t bytes) : fd_(fd), fills_memory_(would_fill_memory(bytes)) {}

void PageCacheHints::wrote(std::uint64_t size) {
  const std::uint64_t before = written_.fetch_add(size);
  if (before / kWindow == (before + size) / kWindow) return;
  static_cast<void>(::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE));
  // Drops what was written back; the rest stays until a later call.
  if (fills_memory_) static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED));
}

void PageCacheHints::has_read(std::uint64_t offset, std::uint64_t size) const {
  if (!fills_memory_) return;
  static_cast<void>(::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED));
}

}  // namespace ociferry

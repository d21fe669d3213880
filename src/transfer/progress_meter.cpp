#include "transfer/progress_meter.hpp"

#include "ociferry/limits.hpp"

namespace ociferry {

namespace {
/// No buffer is larger. More at a time is a blob that need not be moved.
constexpr auto kLargestPiece = static_cast<std::int64_t>(limits::kMiB);
}  // namespace

void ProgressMeter::advance(std::int64_t bytes) {
  if (bytes > 0 && bytes <= kLargestPiece) {
    moved_.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
  }
  to_.advance(bytes);
}

}  // namespace ociferry

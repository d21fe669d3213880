#include "transfer/progress_meter.hpp"

namespace ociferry {

void ProgressMeter::advance(std::int64_t bytes) {
  if (bytes > 0) moved_.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
  to().advance(bytes);
}

}  // namespace ociferry

#include "store/slow_stream.hpp"

namespace ociferry {

namespace {

constexpr unsigned kCoresOfOneStream = 2;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

bool SlowStream::applies_to(const StreamSoFar& stream) const {
  if (stream.time < watched) return false;
  const bool is_busy = stream.busy && seconds(*stream.busy) >= busy * seconds(stream.time);
  if (is_busy && cores <= kCoresOfOneStream) return false;
  return static_cast<double>(stream.left) * seconds(stream.time) >=
         static_cast<double>(stream.received) * seconds(left);
}

}  // namespace ociferry

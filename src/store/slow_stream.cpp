#include "store/slow_stream.hpp"

namespace ociferry {

namespace {

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

bool SlowStream::applies_to(const StreamSoFar& stream) const {
  if (stream.time < watched) return false;
  if (needs_busy() && stream.busy && seconds(*stream.busy) >= busy * seconds(stream.time)) return false;
  return static_cast<double>(stream.left) * seconds(stream.time) >=
         static_cast<double>(stream.received) * seconds(left);
}

}  // namespace ociferry

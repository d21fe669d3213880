#include "http/collector.hpp"

namespace ociferry {

void Collector::take(Bytes bytes, Time now) {
  const bool is_slow = now - passed_on_ >= kLongest;
  if (kept_.empty() && (is_slow || bytes.size() >= kPiece)) {
    passed_on_ = now;
    return sink_.write(bytes);
  }
  if (kept_.capacity() == 0) kept_.reserve(kPiece + bytes.size());
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  if (!is_slow && kept_.size() < kPiece) return;
  passed_on_ = now;
  finish();
}

void Collector::finish() {
  if (kept_.empty()) return;
  // A sink that throws is not given the same bytes again.
  const struct Clear {
    std::vector<std::byte>& bytes;
    ~Clear() { bytes.clear(); }
  } clear{kept_};
  sink_.write(kept_);
}

}  // namespace ociferry

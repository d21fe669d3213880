#pragma once

#include <atomic>

#include "base/forwarding_progress.hpp"

namespace ociferry {

/// Forwards to another Progress, and counts the transferred bytes.
class ProgressMeter final : public ForwardingProgress {
 public:
  /// `to` must outlive it.
  explicit ProgressMeter(Progress& to) : ForwardingProgress(to) {}

  void advance(std::int64_t bytes) override;

  /// All transferred bytes, those of failed attempts included; without skipped blobs.
  [[nodiscard]] std::uint64_t bytes_moved() const noexcept { return moved_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> moved_{0};
};

}  // namespace ociferry

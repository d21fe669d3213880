#pragma once

#include <atomic>

#include "ociferry/progress.hpp"

namespace ociferry {

/// Forwards to another Progress, and counts the transferred bytes.
class ProgressMeter final : public Progress {
 public:
  /// `to` must outlive it.
  explicit ProgressMeter(Progress& to) : to_(to) {}

  void phase(std::string_view name, std::uint64_t total_bytes) override { to_.phase(name, total_bytes); }
  void advance(std::int64_t bytes) override;
  void skip(std::int64_t bytes) override { to_.skip(bytes); }
  void wait(const Wait& wait) override { to_.wait(wait); }
  void event(std::string_view line) override { to_.event(line); }
  void warn(std::string_view line) override { to_.warn(line); }
  void notice(std::string_view lines) override { to_.notice(lines); }
  void moved(const MovedTag& tag) override { to_.moved(tag); }
  void debug(std::string_view line) override { to_.debug(line); }

  /// All transferred bytes, those of failed attempts included; without skipped blobs.
  [[nodiscard]] std::uint64_t bytes_moved() const noexcept { return moved_.load(std::memory_order_relaxed); }

 private:
  Progress& to_;
  std::atomic<std::uint64_t> moved_{0};
};

}  // namespace ociferry

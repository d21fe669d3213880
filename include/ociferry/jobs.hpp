#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace ociferry {

/// How many transfers run in parallel: a fixed number, or one that adapts to the cores and the network. Copies of the
/// latter share the number that worked best, so that later calls with them start with it. Thread-safe.
class Jobs {
 public:
  Jobs() : learned_(std::make_shared<std::atomic<std::size_t>>(0)) {}
  /// A fixed number. 0 means 1.
  Jobs(std::size_t number) : number_(number == 0 ? 1 : number) {}  // NOLINT(google-explicit-constructor)

  /// The fixed number, if any.
  [[nodiscard]] std::optional<std::size_t> number() const noexcept { return number_; }

 private:
  friend class LearnedWorkers;
  std::optional<std::size_t> number_ = {};
  std::shared_ptr<std::atomic<std::size_t>> learned_ = {};  ///< parallel requests; 0: not known yet
};

}  // namespace ociferry

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace ociferry {

/// How many transfers run in parallel: a fixed number, or one that adapts to the cores and the network. Copies of the
/// latter share the number that worked best, so that later phases of a command start with it. Thread-safe.
class Jobs {
 public:
  Jobs() : learned_(std::make_shared<std::atomic<std::size_t>>(0)) {}
  /// A fixed number. 0 means 1.
  Jobs(std::size_t number) : number_(number == 0 ? 1 : number) {}  // NOLINT(google-explicit-constructor)

  /// The fixed number, if any.
  [[nodiscard]] std::optional<std::size_t> number() const noexcept { return number_; }
  /// The number of parallel requests that worked best so far; 0: not known yet.
  [[nodiscard]] std::size_t learned() const noexcept { return learned_ ? learned_->load() : 0; }
  void learn(std::size_t number) const noexcept {
    if (learned_) learned_->store(number);
  }

 private:
  std::optional<std::size_t> number_ = {};
  std::shared_ptr<std::atomic<std::size_t>> learned_ = {};
};

}  // namespace ociferry

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace ociferry {

/// How much is done at the same time: a fixed number, or as much as pays, which follows the cores and the network.
/// Copies of the latter share what was learned about the network, so that a later phase of a command need not find out
/// again. Thread-safe.
class Jobs {
 public:
  Jobs() : learned_(std::make_shared<std::atomic<std::size_t>>(0)) {}
  /// Wherever jobs are meant, a number is enough to say it. 0 is taken for 1.
  Jobs(std::size_t number) : number_(number == 0 ? 1 : number) {}  // NOLINT(google-explicit-constructor)

  /// The fixed number, if it is one.
  [[nodiscard]] std::optional<std::size_t> number() const noexcept { return number_; }
  /// How many questions at a time have paid before; 0 if that is not known.
  [[nodiscard]] std::size_t learned() const noexcept { return learned_ ? learned_->load() : 0; }
  void learn(std::size_t number) const noexcept {
    if (learned_) learned_->store(number);
  }

 private:
  std::optional<std::size_t> number_ = {};
  std::shared_ptr<std::atomic<std::size_t>> learned_ = {};
};

}  // namespace ociferry

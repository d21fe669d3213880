#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace ociferry {

/// How many transfers run in parallel: a fixed number, or one that adapts to the cores and the network. Copies of the
/// latter share what was learned of the network, so that later calls with them start with it. Thread-safe.
class Jobs {
 public:
  Jobs() : learned_(std::make_shared<Learned>()) {}
  /// A fixed number. 0 means 1.
  Jobs(std::size_t number) : number_(number == 0 ? 1 : number) {}  // NOLINT(google-explicit-constructor)

  /// The fixed number, if any.
  [[nodiscard]] std::optional<std::size_t> number() const noexcept { return number_; }

 private:
  friend class LearnedWorkers;
  struct Learned {
    std::atomic<std::size_t> requests{0};        ///< in parallel; 0: not known yet
    std::atomic<std::int64_t> answer_micros{0};  ///< the shortest time from a question to its answer; 0: not known yet
  };

  std::optional<std::size_t> number_ = {};
  std::shared_ptr<Learned> learned_ = {};
};

}  // namespace ociferry

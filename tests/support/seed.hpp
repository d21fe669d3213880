#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

namespace ociferry::testing {

/// The number in an environment variable, or `otherwise`.
[[nodiscard]] inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// What samples of tests are drawn by.
[[nodiscard]] inline std::uint64_t seed_of_run() { return number_from("OCIFERRY_SEED", 1); }

/// Choices that depend on the seed alone, on every platform.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// A number below `bound`, which is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  [[nodiscard]] bool one_in(std::uint64_t times) { return below(times) == 0; }
  template <typename T>
  [[nodiscard]] const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ociferry::testing

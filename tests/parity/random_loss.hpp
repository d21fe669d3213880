#pragma once

#include <cstdint>

namespace ociferry::testing {

/// What came of losses.
struct LossResult {
  std::size_t repaired = 0;
  std::size_t refused = 0;
  std::size_t with_bad_parity = 0;  ///< of those that were repaired
  std::size_t blocks_computed = 0;
};

/// Makes an archive and its parity by `seed`, loses some of both, and repairs it. Throws std::runtime_error if what is
/// within the margin does not give the same bytes again, or what is beyond it is taken for repairable.
[[nodiscard]] LossResult repair_random_loss(std::uint64_t seed);

}  // namespace ociferry::testing

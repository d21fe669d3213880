#include <doctest/doctest.h>

#include <iostream>

#include "random_loss.hpp"
#include "support/seed.hpp"

using namespace ociferry::testing;

namespace {

LossResult run_losses(std::uint64_t first, std::uint64_t count) {
  LossResult all;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      const LossResult one = repair_random_loss(seed);
      all.repaired += one.repaired;
      all.refused += one.refused;
      all.with_bad_parity += one.with_bad_parity;
      all.blocks_computed += one.blocks_computed;
    } catch (const std::exception& error) {
      FAIL_CHECK("seed " << seed << " (alone: scripts/torture parity 1 " << seed << "): " << std::string(error.what()));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a loss within the margin is repaired to the same bytes, and a larger one is refused") {
  const LossResult all = run_losses(seed_of_run() * 1'000'000, 300);
  CHECK(all.repaired > 120);
  CHECK(all.refused > 40);
  CHECK(all.with_bad_parity > 40);
  CHECK(all.blocks_computed > 1000);
}

TEST_CASE("OCIFERRY_LOSSES random losses of archives and their parity" * doctest::skip()) {
  const std::uint64_t count = number_from("OCIFERRY_LOSSES", 10'000);
  const LossResult all = run_losses(seed_of_run(), count);
  std::cout << count << " losses: " << all.repaired << " repaired (" << all.blocks_computed << " blocks computed; "
            << all.with_bad_parity << " times with damaged parity), " << all.refused << " beyond the margin refused\n";
  CHECK(all.repaired + all.refused == count);
}

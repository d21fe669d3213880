#include <doctest/doctest.h>

#include <iostream>

#include "ociferry/error.hpp"
#include "round_trip.hpp"
#include "support/seed.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kSample = 160;  ///< by default: OCIFERRY_SAMPLE

/// Runs `count` seeds from `first` on, and says which of them fail.
RoundTrip run_seeds(std::uint64_t first, std::uint64_t count) {
  RoundTrip all;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      const RoundTrip trip = make_round_trip(seed);
      all.images += trip.images;
      all.bundles += trip.bundles;
      all.referrers += trip.referrers;
      all.shared_locations += trip.shared_locations;
      all.sparse += trip.sparse;
      all.refused += trip.refused;
    } catch (const std::exception& error) {
      FAIL_CHECK("seed " << seed << " (alone: scripts/torture graphs 1 " << seed << "): " << std::string(error.what()));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("whatever an export writes is verified, imported, converted and exported again") {
  const std::uint64_t sample = number_from("OCIFERRY_SAMPLE", kSample);
  const RoundTrip all = run_seeds(seed_of_run() * 1'000'000, sample);
  // Sharing is what this is about.
  CHECK(all.bundles > sample / 4);
  CHECK(all.referrers > sample / 10);
  CHECK(all.shared_locations > sample / 20);
  CHECK(all.sparse > sample / 10);
  CHECK(all.refused > 0);
}

TEST_CASE("OCIFERRY_GRAPHS graphs from OCIFERRY_SEED on" * doctest::skip()) {
  const std::uint64_t count = number_from("OCIFERRY_GRAPHS", 10'000);
  const RoundTrip all = run_seeds(seed_of_run(), count);
  std::cout << count << " graphs: " << all.images << " images, " << all.bundles << " bundles, " << all.shared_locations
            << " of them with equal locations, " << all.referrers << " attached, " << all.sparse << " sparse; "
            << all.refused << " refused\n";
}

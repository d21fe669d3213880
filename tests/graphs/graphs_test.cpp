#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>

#include "compact_trip.hpp"
#include "delta_trip.hpp"
#include "ociferry/error.hpp"
#include "part_trip.hpp"
#include "round_trip.hpp"
#include "support/seed.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kSample = 160;  ///< by default: OCIFERRY_SAMPLE

/// What came of the parts of many worlds.
struct PartTrips {
  std::size_t refused = 0;
  std::size_t with_platforms = 0;
  std::size_t smaller = 0;
  std::size_t stripped_indexes = 0;
};

/// What came of the deltas of many worlds.
struct DeltaTrips {
  std::size_t refused = 0;
  std::size_t deltas = 0;  ///< that leave out something
  std::size_t left_out = 0;
  std::size_t volumes = 0;
  std::size_t divided = 0;  ///< archives in more than one volume
};

/// What came of many worlds as compact archives.
struct CompactTrips {
  std::size_t archives = 0;
  std::size_t opened = 0;  ///< layers
};

/// Runs `trip` for `count` seeds from `first` on, and says which of them fail.
template <typename Trip>
void run_each(std::string_view what, std::uint64_t first, std::uint64_t count, const Trip& trip) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      trip(seed);
    } catch (const std::exception& error) {
      FAIL_CHECK(what << " of seed " << seed << " (alone: scripts/torture graphs 1 " << seed
                      << "): " << std::string(error.what()));
    }
  }
}

RoundTrip run_seeds(std::uint64_t first, std::uint64_t count) {
  RoundTrip all;
  run_each("round trip", first, count, [&](std::uint64_t seed) {
    const RoundTrip trip = make_round_trip(seed);
    all.images += trip.images;
    all.bundles += trip.bundles;
    all.referrers += trip.referrers;
    all.shared_locations += trip.shared_locations;
    all.sparse += trip.sparse;
    all.refused += trip.refused;
  });
  return all;
}

PartTrips run_parts(std::uint64_t first, std::uint64_t count) {
  PartTrips all;
  run_each("part", first, count, [&](std::uint64_t seed) {
    const PartTrip trip = make_part_trip(seed);
    all.refused += trip.is_refused ? 1 : 0;
    all.with_platforms += trip.has_platforms ? 1 : 0;
    all.smaller += trip.left > 0 ? 1 : 0;
    all.stripped_indexes += trip.stripped_indexes;
  });
  return all;
}

DeltaTrips run_deltas(std::uint64_t first, std::uint64_t count) {
  DeltaTrips all;
  run_each("delta", first, count, [&](std::uint64_t seed) {
    const DeltaTrip trip = make_delta_trip(seed);
    all.refused += trip.is_refused ? 1 : 0;
    all.deltas += trip.left_out > 0 ? 1 : 0;
    all.left_out += trip.left_out;
    all.volumes += trip.volumes;
    all.divided += trip.volumes > 1 ? 1 : 0;
  });
  return all;
}

CompactTrips run_compacts(std::uint64_t first, std::uint64_t count) {
  CompactTrips all;
  run_each("compact archive", first, count, [&](std::uint64_t seed) {
    const CompactTrip trip = make_compact_trip(seed);
    all.archives += trip.is_refused ? 0 : 1;
    all.opened += trip.opened;
  });
  return all;
}

}  // namespace

TEST_CASE("an export of a random graph is verified, imported, converted and exported again") {
  const std::uint64_t sample = number_from("OCIFERRY_SAMPLE", kSample);
  const RoundTrip all = run_seeds(seed_of_run() * 1'000'000, sample);
  // Sharing is what this is about.
  CHECK(all.bundles > sample / 4);
  CHECK(all.referrers > sample / 10);
  CHECK(all.shared_locations > sample / 40);
  CHECK(all.sparse > sample / 10);
  CHECK(all.refused > 0);
}

TEST_CASE("a selection from an archive equals an export of that selection, and imports the same") {
  const std::uint64_t sample = number_from("OCIFERRY_SAMPLE", kSample) / 2;
  const PartTrips all = run_parts(seed_of_run() * 1'000'000, sample);
  CHECK(all.smaller > sample / 20);
  CHECK(all.with_platforms > sample / 8);
  CHECK(all.stripped_indexes > sample / 40);
  CHECK(all.refused < sample / 2);
}

TEST_CASE("a delta joined with its base is the full archive, and joined volumes are the divided archive") {
  constexpr std::uint64_t kFewest = 30;  // about one archive of five is large enough to be divided
  const std::uint64_t sample = std::max(kFewest, number_from("OCIFERRY_SAMPLE", kSample) / 4);
  const DeltaTrips all = run_deltas(seed_of_run() * 1'000'000, sample);
  CHECK(all.deltas > sample / 4);
  CHECK(all.divided > 0);
  CHECK(all.refused < sample / 2);
}

TEST_CASE("a compact archive of a random graph is verified, lists the same images and expands to the same bytes") {
  const std::uint64_t sample = number_from("OCIFERRY_SAMPLE", kSample) / 8;
  const CompactTrips all = run_compacts(seed_of_run() * 1'000'000, sample);
  CHECK(all.archives > sample / 2);  // the layers are small, and travel as they are
}

TEST_CASE("OCIFERRY_GRAPHS graphs from OCIFERRY_SEED on" * doctest::skip()) {
  const std::uint64_t count = number_from("OCIFERRY_GRAPHS", 10'000);
  const RoundTrip all = run_seeds(seed_of_run(), count);
  std::cout << count << " graphs: " << all.images << " images, " << all.bundles << " bundles, " << all.shared_locations
            << " of them with equal locations, " << all.referrers << " attached, " << all.sparse << " sparse; "
            << all.refused << " refused\n";
  const PartTrips parts = run_parts(seed_of_run(), count);
  std::cout << "their parts: " << parts.smaller << " smaller, " << parts.with_platforms << " by platform, "
            << parts.stripped_indexes << " indexes stripped; " << parts.refused << " refused\n";
  const DeltaTrips deltas = run_deltas(seed_of_run(), count);
  std::cout << "their deltas: " << deltas.deltas << " leave out " << deltas.left_out << " blobs; in " << deltas.volumes
            << " volumes; " << deltas.refused << " refused\n";
  const CompactTrips compacts = run_compacts(seed_of_run(), count);
  std::cout << "their compact archives: " << compacts.archives << "; " << compacts.opened << " layers opened\n";
}

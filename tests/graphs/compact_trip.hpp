#pragma once

#include <cstddef>
#include <cstdint>

namespace ociferry::testing {

/// What came of a random world as a compact archive.
struct CompactTrip {
  bool is_refused = false;  ///< the world cannot be exported
  std::size_t opened = 0;   ///< layers that were unpacked
};

/// Exports the random world of `seed`, and makes the archive compact. That must be verified, show the same images, and
/// expand to the same bytes. Throws Error, whose message says what does not hold.
CompactTrip make_compact_trip(std::uint64_t seed);

}  // namespace ociferry::testing

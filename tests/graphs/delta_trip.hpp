#pragma once

#include <cstddef>
#include <cstdint>

namespace ociferry::testing {

/// What came of a delta of a random world.
struct DeltaTrip {
  bool is_refused = false;   ///< the world has a manifest by sha512
  std::size_t left_out = 0;  ///< blobs that the delta has not
  std::size_t volumes = 0;   ///< that the full archive was divided into
};

/// Exports some roots of the random world of `seed`, what a receiver has, and then all of them, in full and as a delta.
/// The delta and what it builds on must give the full archive, and put into a registry that has the rest what the full
/// archive puts; without the rest, nothing must be written. Divided, each is read as undivided, and joined it is what
/// it was. Throws Error, whose message says what does not hold.
DeltaTrip make_delta_trip(std::uint64_t seed);

}  // namespace ociferry::testing

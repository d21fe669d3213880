#pragma once

#include <cstdint>
#include <string>

namespace ociferry::testing {

/// What a round trip has moved.
struct RoundTrip {
  std::size_t images = 0;
  std::size_t bundles = 0;
  std::size_t referrers = 0;
  std::size_t shared_locations = 0;  ///< bundles whose locations image another bundle has, too
  std::size_t sparse = 0;            ///< images of which a child is absent
  std::size_t refused = 0;           ///< graphs with a manifest by sha512
};

/// Exports the random world of `seed`, verifies, inspects, imports, imports again, exports from the destination,
/// converts and imports that, and compares what must be equal; whatever is not carried must be warned of. Throws Error,
/// whose message says what is not.
RoundTrip make_round_trip(std::uint64_t seed);

}  // namespace ociferry::testing

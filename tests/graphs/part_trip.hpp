#pragma once

#include <cstdint>

namespace ociferry::testing {

/// What came of a part of a random world.
struct PartTrip {
  bool is_refused = false;           ///< the selection leaves nothing, or an index nothing for its platforms
  bool has_platforms = false;        ///< the selection chooses platforms
  std::size_t images = 0;            ///< in the part
  std::size_t left = 0;              ///< manifests of the whole archive that the part lacks
  std::size_t stripped_indexes = 0;  ///< indexes that a smaller one took the place of
};

/// Exports the random world of `seed` as a whole and in part: some of its images, for some platforms. The part of the
/// whole archive and the export of the part must hold the same and put the same into a registry, a conversion must
/// change nothing more, and a registry that takes no partial indexes must get smaller ones. Throws Error, whose message
/// says what does not hold.
PartTrip make_part_trip(std::uint64_t seed);

}  // namespace ociferry::testing

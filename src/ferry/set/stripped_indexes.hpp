#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// A set in which smaller indexes have taken the places of partial ones.
struct StrippedSet {
  ImageSet set;
  std::vector<StrippedIndex> stripped = {};  ///< in the order of the set that they were in
  std::map<Digest, Digest> now = {};         ///< by the old digest
  /// The old digests by each name, with and without a tag, that a stripped index had.
  std::map<std::pair<RepositoryName, std::optional<std::string>>, Digest> old_by_name = {};
};

/// Removes from each index of `set`, and from nested ones, the entries that the set lacks. The index gets another
/// digest, which replaces the old one; artifacts attached to the old one are left out, with a warning. An index that is
/// needed by its digest (by a bundle's lock file, or its own subject) is unchanged, with a warning.
[[nodiscard]] StrippedSet strip_indexes(const ImageSet& set, Progress& progress);

/// Names the old digests again where an image is called as it was before.
void name_old_digests(std::vector<PlacedImage>& names, const StrippedSet& stripped);

/// `tags` with the new digests, where they name an image by its digest.
[[nodiscard]] std::vector<AddedTag> stripped_tags(std::vector<AddedTag> tags, const StrippedSet& stripped);

/// `lock` with the new digests.
[[nodiscard]] ImagesLock stripped_lock(ImagesLock lock, const StrippedSet& stripped);

}  // namespace ociferry

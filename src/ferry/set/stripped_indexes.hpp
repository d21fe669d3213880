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

/// Takes out of each index of `set` what it lists and the set lacks, in indexes below it, too. The index gets another
/// digest, which takes the place of the old one; what was attached to the old one is left out, with a warning. An index
/// that something needs by its digest (a bundle's lock file, what it is attached to) stays as it is, with a warning.
[[nodiscard]] StrippedSet strip_indexes(const ImageSet& set, Progress& progress);

/// Names the old digests again where an image is called as it was before.
void name_old_digests(std::vector<PlacedImage>& names, const StrippedSet& stripped);

/// `tags` with the new digests, where they name an image by its digest.
[[nodiscard]] std::vector<AddedTag> stripped_tags(std::vector<AddedTag> tags, const StrippedSet& stripped);

/// `lock` with the new digests.
[[nodiscard]] ImagesLock stripped_lock(ImagesLock lock, const StrippedSet& stripped);

}  // namespace ociferry

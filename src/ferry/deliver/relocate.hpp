#pragma once

#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "store/store.hpp"

namespace ociferry {

/// The one repository that a relocation writes to.
struct Destination {
  RepositoryName name;
  ImageTarget& target;
  ImageSource& source;  ///< the same repository, to read back what was written
};

/// Puts all of `set` into one repository, in the order that makes the tag the commit point: blobs; when every one of
/// them has proved right, child manifests, images and indexes, bundles; a locations image for each bundle; the roots'
/// tags. What the destination has already is not written again, so a second run writes nothing; what was written is
/// asked for again, and proved as far as `options.proof` says, before the roots' tags. A destination that turns out to
/// have lost what its tags promise is asked for every blob, twice at most (`run_with_repairs`). A locations image that
/// cannot be replaced, but serves as well, is left with a warning. Throws Error; then no tag of a root was moved,
/// unless one of several could not be, and unless all images were there, no locations image written.
TransferReport relocate(const ImageSet& set, const Destination& to, const RelocateOptions& options,
                        const Context& context);

}  // namespace ociferry

#pragma once

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// All images of both sets, each digest once, with the names that it has as a root in either of them. What both have is
/// read from the source of `one`. Throws Error{Hostile} if the sets contradict each other or are too large together.
[[nodiscard]] ImageSet join(ImageSet one, const ImageSet& other);

/// Adds to `known` what `other` says of the same digest. The name of a root takes precedence over that of a lock file;
/// of several, the smallest comes first, so that the order of the sets does not count.
void join_image(SetImage& known, const SetImage& other);

}  // namespace ociferry

#pragma once

#include "ferry/set/image_set.hpp"

namespace ociferry {

/// All images of both sets, each digest once, with the names that it has as a root in either of them. What both have is
/// read from the source of `one`. Throws Error{Hostile} if the sets contradict each other or are too large together.
[[nodiscard]] ImageSet join(ImageSet one, const ImageSet& other);

}  // namespace ociferry

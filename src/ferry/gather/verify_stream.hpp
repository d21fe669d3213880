#pragma once

#include "layout/image_archive.hpp"
#include "medium/stream_medium.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The medium of `archive`, if its bytes come once, in order. Null for others.
[[nodiscard]] const StreamMedium* stream_of(const ImageArchive& archive);

/// Reads a sealed archive that is a stream to its end, and checks every byte. Throws Error{Corrupt} at the first
/// damage.
void verify_stream(const ImageArchive& archive, const Context& context);

}  // namespace ociferry

#pragma once

#include <memory>

#include "ferry/deliver/blob_pass.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The pass over a sealed archive that comes as a stream: blobs are put one after the other, in the order of the
/// archive, and those that nobody lacks are read all the same. When it has ended without an exception, every byte of
/// the archive was checked, up to its end. It throws Error{Corrupt} for a damaged or cut stream, as soon as that shows.
/// `archive` must be read from a stream; `context` must outlive the pass.
[[nodiscard]] BlobPass pass_over_stream(std::shared_ptr<ImageArchive> archive, const Context& context);

}  // namespace ociferry

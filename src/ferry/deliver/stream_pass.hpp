#pragma once

#include <memory>

#include "ferry/deliver/blob_pass.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The pass over a sealed archive that comes as a stream: blobs are put one after the other, in the order of the
/// archive, and those that no destination lacks are read, too. If it ends without an exception, every byte of the
/// archive was checked. Throws Error{Corrupt} for a damaged or truncated stream, as soon as that is found.
/// `archive` must be read from a stream; `context` must outlive the pass.
[[nodiscard]] BlobPass pass_over_stream(std::shared_ptr<ImageArchive> archive, const Context& context);

}  // namespace ociferry

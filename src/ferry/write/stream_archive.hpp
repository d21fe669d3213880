#pragma once

#include "ferry/set/image_set.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/streams.hpp"

namespace ociferry {

/// Throws Error{Usage} if no archive can go there, before anything is fetched.
void check_stream_output(const StreamOutput& to);

/// Writes the archive of `set`, in order. First reads everything but the layers as an import of the stream will. Throws
/// Error; then the receiver has an archive that is cut, or nothing. Blocks on the sources of the set's blobs and on the
/// receiver.
TransferReport stream_archive(const ImageSet& set, const StreamOutput& to, const Context& context,
                              const ArchiveForm& form = {});

}  // namespace ociferry

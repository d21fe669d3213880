#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/file_set.hpp"
#include "ociferry/descriptor.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// A written layer: the digest of its tar, and the descriptor of its compressed form (Docker's gzip layer type).
struct PackedLayer {
  Digest diff_id;
  Descriptor layer;
};

/// The permissions of the files in a layer.
enum class Permissions {
  OwnerOnly,  ///< directories 0700, files what their owner may do: the digest does not depend on the umask
  Preserve,   ///< as imgpkg's --preserve-permissions: a file its own, every directory that of the argument above it
};

/// Writes `files` as a layer into `out`, byte-equal to imgpkg's: tar, then Go's gzip. Memory is constant; reads each
/// file once. Throws Error{Io} if a file is not what it was when it was listed, Error{Interrupted} soon after `stop`
/// was requested; `out` then holds the beginning of a layer.
[[nodiscard]] PackedLayer write_layer(const std::vector<FileEntry>& files, Permissions permissions, ByteSink& out,
                                      std::stop_token stop);

/// Writes a layer of one directory with files of mode 0600 given as name and content, as imgpkg does for locations.
[[nodiscard]] PackedLayer write_layer(const std::map<std::string, std::string>& files, ByteSink& out);

}  // namespace ociferry

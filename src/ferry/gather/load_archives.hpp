#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/selection.hpp"

namespace ociferry {

/// An archive, and what `verify_blobs` is to hash of it.
struct ArchiveToVerify {
  std::shared_ptr<ImageArchive> archive;
  std::vector<Descriptor> blobs = {};
};

/// What of one or more archives is transferred.
struct LoadedArchives {
  ImageSet set;
  std::vector<ArchiveToVerify> to_verify = {};
  std::vector<ReadArchive> read = {};
  std::vector<Reference> left_out = {};  ///< by the Selection
  /// Of a delta that is read alone and as a whole: the fingerprint of the archive that leaves out nothing.
  std::optional<Digest> promised = {};
};

/// Opens all `archives`, checks their headers, reads them (`load_archive`), and chooses from all of them together. An
/// archive that is there twice, also as a copy with the same fingerprint, is read once, with a warning. What one leaves
/// out is taken from another one or from `bases`, archives of any format of which nothing else is used; the graph says
/// what is nowhere. `reading` counts if there is one archive only. Throws Error as these functions do, Error{Usage} if
/// `archives` is empty.
[[nodiscard]] LoadedArchives load_archives(const std::vector<std::filesystem::path>& archives,
                                           const Selection& selection, const Context& context,
                                           const std::vector<std::filesystem::path>& bases = {},
                                           Reading reading = Reading::ByPosition);

/// Throws Error{Usage} if a name, repository and tag, stands for two images, each in another one of the archives.
void check_names_between(const LoadedArchives& loaded);

}  // namespace ociferry

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/reference.hpp"

/// What one archive has and another one has not. Errors and threads are as in ferry.hpp.
namespace ociferry {

/// A name that stands for another image than before.
struct ChangedImage {
  Reference name;  ///< by tag, or the repository alone of an image without a tag
  Digest from;
  Digest to;
};

/// One of the archives.
struct ComparedArchive {
  std::filesystem::path path = {};
  std::optional<Digest> fingerprint = {};  ///< as in InspectReport
  std::uint64_t archive_bytes = 0;
  std::size_t images = 0;  ///< each digest once
};

/// What lies between two archives. Names are repositories with a tag; images without one, which only lock files list,
/// go by their repositories: one digest there in place of another one is a change.
struct ArchiveDiff {
  ComparedArchive before;
  ComparedArchive after;
  std::vector<Reference> added = {};  ///< by tag, if it has one, and digest; these three are sorted
  std::vector<Reference> removed = {};
  std::vector<ChangedImage> changed = {};
  BlobSum blobs_added = {};  ///< manifests included, and what a delta leaves out
  BlobSum blobs_gone = {};
  BlobSum blobs_kept = {};
};

/// `ociferry diff`: compares two archives of any formats, by what they describe: a delta with all that it leaves out.
/// Reads and checks everything except the layers. Needs no network.
[[nodiscard]] OCIFERRY_EXPORT ArchiveDiff diff(const std::filesystem::path& before, const std::filesystem::path& after,
                                               const Context& context);

}  // namespace ociferry

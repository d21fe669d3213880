#pragma once

#include <vector>

#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/release_store.hpp"

/// Dry runs of release_store.hpp: what its functions would do, found out without writing anything. Errors and threads
/// are as there.
namespace ociferry {

/// What remove_images would do.
struct RemovalPlan {
  ExportPlan archive = {};            ///< that would be written
  std::uint64_t bytes_before = 0;     ///< the size of the archive that is read
  std::vector<Reference> names = {};  ///< this and the next: as in RemoveReport
  std::vector<Reference> gone = {};
  std::vector<NeededImage> still_there = {};
  BlobSum blobs_gone = {};  ///< of images that go, and of nothing else; manifests excepted
};
/// `ociferry rm --dry-run`. Reads no layers. A lack of room is no error here, but told.
[[nodiscard]] OCIFERRY_EXPORT RemovalPlan plan_removal(const RemoveOptions& options, const Context& context);

/// What add_images would do.
struct AdditionPlan {
  ExportPlan archive = {};         ///< that would be written
  std::uint64_t bytes_before = 0;  ///< the size of the archive that is read
  std::size_t images_before = 0;   ///< as in TransferReport
  BlobSum fetched = {};            ///< as in AddReport
};
/// `ociferry add --dry-run`. Fetches no layers but those of bundles. Likewise.
[[nodiscard]] OCIFERRY_EXPORT AdditionPlan plan_addition(const AddOptions& options, const Context& context);

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/volumes.hpp"

/// Archives as a store of releases: looking into them, and making others out of them. Nothing is downloaded that an
/// archive has. What is written is what export_archive would write of the same content, byte for byte. Errors and
/// threads are as in ferry.hpp.
///
/// An image of an archive is named by its reference; its digest; a tag; the end of its repository, as in "app" or
/// "team/app:v1"; or the first digits of its digest, at least four. What fits no image, or several, is an Error{Usage}
/// that lists them.
namespace ociferry {

/// An image that stays in an archive although its name was taken out.
struct NeededImage {
  Reference image;                        ///< by digest
  std::vector<Reference> needed_by = {};  ///< bundles whose lock files list it, or what it is attached to
};

/// `ociferry rm`
struct RemoveOptions {
  std::filesystem::path archive = {};
  std::vector<std::string> images = {};  ///< roots; by tag only that name is taken out, by digest all of an image
  std::filesystem::path output = {};     ///< may be `archive`, which is replaced when the new one is complete
  bool force = false;                    ///< see ExportOptions
  std::vector<std::filesystem::path> bases = {};  ///< archives that it builds on, if it is a delta
  VolumeRule volumes = {};                        ///< whether what is written is divided
  bool verify_medium = false;                     ///< see ExportOptions
};
struct RemoveReport {
  TransferReport written = {};
  std::vector<Reference> names = {};          ///< that were taken out
  std::vector<Reference> gone = {};           ///< images that are in the new archive no more, by digest
  std::vector<NeededImage> still_there = {};  ///< images that lost their names only
};
/// Writes an archive without some of the images of another one. Images that others need stay, without a name. Throws
/// Error{Usage}, before anything is written, also if an image is no root, or nothing would be left. Layers that go are
/// not read, so a damaged one may be taken out.
[[nodiscard]] OCIFERRY_EXPORT RemoveReport remove_images(const RemoveOptions& options, const Context& context);

/// `ociferry add`
struct AddOptions {
  std::filesystem::path archive = {};
  std::vector<SourceArgument> sources = {};
  GatherOptions gather = {};                      ///< of what is added; the archive's images stay as they are
  std::filesystem::path output = {};              ///< may be `archive`, which is replaced when the new one is complete
  bool force = false;                             ///< see ExportOptions
  std::vector<std::filesystem::path> bases = {};  ///< archives that it builds on, if it is a delta
  VolumeRule volumes = {};                        ///< whether what is written is divided
  bool verify_medium = false;                     ///< see ExportOptions
};
struct AddReport {
  TransferReport written = {};
  BlobSum fetched = {};  ///< what the archive lacks, manifests excepted
};
/// Writes an archive of another one and of images from registries. Of these only what the archive lacks is downloaded,
/// and their manifests. Throws Error{Usage} if a tag of the archive is another image in its registry by now.
[[nodiscard]] OCIFERRY_EXPORT AddReport add_images(const AddOptions& options, const Context& context);

/// `ociferry pull --from`
struct StorePullReport {
  PullReport pulled = {};
  bool is_bundle = false;
};
/// As `pull`, but reads an archive of any format, and contacts no registry. `options.source` names an image of the
/// archive as said above; if it is empty, the archive must have one root only. A BundleLock names the bundle by its
/// digest alone. Lock files stay as they are, since nothing was relocated. `bases`: archives that it builds on, if it
/// is a delta.
[[nodiscard]] OCIFERRY_EXPORT StorePullReport pull_from_archive(const std::filesystem::path& archive,
                                                                const std::vector<std::filesystem::path>& bases,
                                                                const PullOptions& options, const Context& context);

}  // namespace ociferry

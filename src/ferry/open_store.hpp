#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// An archive that is read in place. All but its layers was read and checked.
struct OpenStore {
  std::shared_ptr<ImageArchive> archive;
  std::vector<std::shared_ptr<ImageArchive>> bases = {};  ///< that have something which the archive leaves out
  ImageSet set;

  /// The archive, or that of its bases, which has `blob`; the archive if none has it.
  [[nodiscard]] ImageArchive& holder_of(const Digest& blob) const;
};

/// Throws Error as load_archives does.
[[nodiscard]] OpenStore open_store(const std::filesystem::path& path, const std::vector<std::filesystem::path>& bases,
                                   const Context& context);

/// An image with layers: no index.
struct ChosenImage {
  Reference reference;                 ///< by digest; of a child of an index in the repository of that
  const Manifest* manifest = nullptr;  ///< owned by the store
};

/// The image that a user means by `name` (`matching_names`), or the only root if that is empty; also the child of an
/// index by its whole digest. Of an index it is the child for one of `platforms`, or its only image. Throws
/// Error{Usage} that lists the images if none matches, or several; Error{NotFound} if an index has no child for
/// `platforms`.
[[nodiscard]] ChosenImage choose_image(const OpenStore& store, const std::string& name,
                                       const std::vector<Platform>& platforms);

/// The only root, an image or a bundle. Throws Error{Usage} that lists them if there are several.
[[nodiscard]] const SetImage& only_root(const ImageSet& set);

}  // namespace ociferry

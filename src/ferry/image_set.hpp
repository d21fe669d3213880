#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/bundle.hpp"
#include "ociferry/reference.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// One image, index or bundle that a transfer moves as a whole.
struct SetImage {
  Reference reference;  ///< digest reference: as its lock file, or the user, names it
  std::optional<std::string> tag = {};
  bool is_root = false;  ///< asked for by the user, rather than found in a lock file
  bool is_bundle = false;
  ImagesLock lock = {};  ///< bundles

  [[nodiscard]] const Digest& digest() const { return *reference.digest; }
};

/// Everything that one transfer moves, closed over lock files and indexes.
class ImageSet {
 public:
  /// `images` holds each digest once, in any order; `graph` holds what they consist of.
  ImageSet(std::vector<SetImage> images, Graph graph);

  /// In the order of index.json, a function of the content alone: roots, then bundles, then images; by reference.
  [[nodiscard]] const std::vector<SetImage>& images() const noexcept { return images_; }
  [[nodiscard]] const Graph& graph() const noexcept { return graph_; }
  [[nodiscard]] bool contains(const Digest& digest) const { return index_.contains(digest); }
  [[nodiscard]] bool is_bundle(const Digest& digest) const;

 private:
  std::vector<SetImage> images_;
  std::map<Digest, std::size_t> index_;
  Graph graph_;
};

/// The locations of `bundle`'s images. `repository` (a path within the registry) is where all of them are;
/// none: in the bundle's own repository, wherever that is.
[[nodiscard]] Locations locations_of(const ImageSet& set, const SetImage& bundle,
                                     const std::optional<std::string>& repository);

/// Tells of the layers that are left out because they may not be redistributed.
void warn_of_skipped_layers(const ImageSet& set, Progress& progress);

/// Throws Error{Usage} if two roots would claim one tag.
void check_root_tags(const ImageSet& set);

/// Throws Error{Incomplete} naming all images of all lock files that `set` does not hold.
void check_complete(const ImageSet& set);

}  // namespace ociferry

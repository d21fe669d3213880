#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundle/bundle.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/reference.hpp"
#include "transfer/graph.hpp"
#include "transfer/limits.hpp"

namespace ociferry {

/// One image, index or bundle of a transfer.
struct SetImage {
  Reference reference;  ///< by digest, as in the lock file or on the command line
  /// The tags that it gets at the destination: the requested ones, and those that attach it to another image
  /// (`attachment_subject`).
  std::set<std::string> tags = {};
  /// Roots that were requested by several names: the other repositories, and the tags there.
  std::map<RepositoryName, std::set<std::string>> also = {};
  bool is_root = false;  ///< requested by the user
  bool is_bundle = false;
  bool is_referrer = false;  ///< not requested, but attached to another image
  ImagesLock lock = {};      ///< of a bundle

  [[nodiscard]] const Digest& digest() const { return *reference.digest; }
};

/// All images of a transfer, including those that lock files and indexes list.
class ImageSet {
 public:
  /// `images` has no duplicate digests, in any order; `graph` has their manifests and blobs.
  ImageSet(std::vector<SetImage> images, Graph graph);

  /// In the order of index.json, which depends on the content only: roots, bundles, images, attachments; then by
  /// reference.
  [[nodiscard]] const std::vector<SetImage>& images() const noexcept { return images_; }
  [[nodiscard]] const Graph& graph() const noexcept { return graph_; }
  [[nodiscard]] Graph& graph() noexcept { return graph_; }
  [[nodiscard]] bool contains(const Digest& digest) const { return index_.contains(digest); }
  [[nodiscard]] bool is_bundle(const Digest& digest) const;
  /// The image with that digest, or null. Owned by the set.
  [[nodiscard]] const SetImage* find(const Digest& digest) const;

 private:
  std::vector<SetImage> images_;
  std::map<Digest, std::size_t> index_;
  Graph graph_;
};

/// The locations of `bundle`'s images in the repository of the bundle.
[[nodiscard]] Locations relocatable_locations(const ImageSet& set, const SetImage& bundle);

/// The non-distributable layers that are left out, by image, in order.
[[nodiscard]] std::vector<SkippedLayer> skipped_layers(const ImageSet& set);

/// Warns, like imgpkg, about non-distributable layers that are left out; or, if they are `included`, that there are
/// none.
void warn_of_nondistributable_layers(const ImageSet& set, bool included, Progress& progress);

/// The tags of `image` by all of its names.
[[nodiscard]] std::set<std::string> all_tags(const SetImage& image);

/// The tags of `image` that are put at a destination, where all of its names are one: those that attach it to another
/// image, and its own as a root if `root_tags`.
[[nodiscard]] std::set<std::string> tags_to_put(const SetImage& image, bool root_tags);
/// Those of `tags`.
[[nodiscard]] std::set<std::string> tags_to_put(const std::set<std::string>& tags, bool root_tags);

/// Throws Error{Usage} if two images, which go to one place, would claim one tag.
void check_tags(const ImageSet& set, bool root_tags);
/// One name of two images. The images are owned by their set.
struct NameClash {
  Reference name;  ///< by tag
  const SetImage* one = nullptr;
  const SetImage* other = nullptr;
};
/// The first name, repository and tag, that two images have; nullopt if there is none.
[[nodiscard]] std::optional<NameClash> find_name_clash(const ImageSet& set);
/// Throws Error{Usage} if two images were requested by one repository and tag, each by another digest.
void check_names(const ImageSet& set);
/// The Error{Usage} for two images that would claim `tag`.
[[nodiscard]] Error two_claims(const std::string& tag, const SetImage& one, const SetImage& other);

/// The subjects of `image`, from its manifest and its tags.
[[nodiscard]] std::set<Digest> subjects_of(const ImageSet& set, const SetImage& image);
/// The same of an image that is in no set yet.
[[nodiscard]] std::set<Digest> subjects_of(const Graph& graph, const SetImage& image);

/// Throws Error{Hostile} if `images`, the sum over all lock files so far, exceeds limits::kGraphNodes: a few compressed
/// bytes can list very many images.
void check_listed(std::size_t images);

/// Throws Error{Hostile} if bundles are nested more than limits::kGraphDepth levels deep.
void check_nesting(const ImageSet& set);

/// Throws Error{Corrupt} if a referrer is not attached to an image, directly or through at most limits::kGraphDepth
/// other referrers.
void check_attached(const ImageSet& set);

/// Throws Error{Incomplete} naming all images of lock files that `set` lacks.
void check_complete(const ImageSet& set);

/// Throws Error{Refused} if a manifest of `set` has a digest algorithm that registries do not accept.
void check_digests(const ImageSet& set);

}  // namespace ociferry

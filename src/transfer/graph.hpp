#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ociferry/manifest.hpp"
#include "ociferry/store.hpp"

namespace ociferry {

struct TreeManifest {
  RawManifest raw;
  std::variant<Manifest, ImageIndex> parsed;
};

/// A manifest or index with everything it needs of its own kind: itself first, then its descendants, each once.
using ManifestTree = std::vector<TreeManifest>;

/// Fetches the descendants of `root`: nothing for an image, all children (to limits::kGraphDepth) for an index.
/// Throws Error{NotFound} naming the missing child. Blocks on `source`.
[[nodiscard]] ManifestTree fetch_tree(Resolver& source, RawManifest root);

/// Manifests, indexes and blobs to be moved, each digest once, with where to read them from. Pure data: no I/O.
class Graph {
 public:
  /// Says of a layer that may not be redistributed whether it is moved all the same.
  using LayerFilter = std::function<bool(const Descriptor& layer)>;
  static bool move_none(const Descriptor&) { return false; }
  static bool move_all(const Descriptor&) { return true; }

  struct ManifestNode {
    RawManifest raw;
    std::variant<Manifest, ImageIndex> parsed;
    std::size_t height = 0;  ///< 0 for an image; an index is one higher than its highest child
  };
  struct BlobNode {
    Descriptor descriptor;
    std::shared_ptr<BlobSource> source;
    bool is_config = false;
  };

  /// Adds `tree` and its blobs, to be read from `source`; what is there already keeps its source.
  /// Layers that may not be redistributed are moved only if `moves_nondistributable` says so; the others are in
  /// `skipped_layers`. Throws Error{Hostile} if two descriptors of one digest contradict each other, or a limit is
  /// passed.
  void add(ManifestTree tree, const std::shared_ptr<BlobSource>& source,
           const LayerFilter& moves_nondistributable = move_none);

  /// Leaves out the layers that may not be redistributed: they are in `skipped_layers` then.
  void skip_nondistributable();
  /// Moves all `skipped_layers` after all; `source_of` says where each is to be read from.
  void move_skipped(const std::function<std::shared_ptr<BlobSource>(const Digest& layer)>& source_of);

  [[nodiscard]] const std::map<Digest, ManifestNode>& manifests() const noexcept { return manifests_; }
  [[nodiscard]] const std::map<Digest, BlobNode>& blobs() const noexcept { return blobs_; }
  [[nodiscard]] const std::map<Digest, Descriptor>& skipped_layers() const noexcept { return skipped_; }
  [[nodiscard]] const ManifestNode& at(const Digest& digest) const { return manifests_.at(digest); }
  [[nodiscard]] bool contains(const Digest& digest) const { return manifests_.contains(digest); }

  /// Config and layers of an image manifest, in that order, less the layers that are not moved; empty for an index.
  [[nodiscard]] std::vector<Descriptor> blobs_of(const Digest& manifest) const;
  /// `digest` and all manifests below it, children before parents, each once.
  [[nodiscard]] std::vector<Digest> closure(const Digest& digest) const;
  /// Bytes of all manifests and blobs below `digest`, shared ones counted once.
  [[nodiscard]] std::uint64_t total_bytes(const Digest& digest) const;

 private:
  void add_blobs(const Manifest& manifest, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves);
  void add_blob(const Descriptor& blob, const std::shared_ptr<BlobSource>& source, bool is_config);
  void set_heights(const Digest& root);

  std::map<Digest, ManifestNode> manifests_;
  std::map<Digest, BlobNode> blobs_;
  std::map<Digest, Descriptor> skipped_;
};

/// Children of an index; empty for an image manifest.
[[nodiscard]] const std::vector<Descriptor>& children_of(const std::variant<Manifest, ImageIndex>& parsed);

}  // namespace ociferry

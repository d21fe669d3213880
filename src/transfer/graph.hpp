#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "store/store.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

struct TreeManifest : ParsedManifest {
  std::vector<Descriptor> blobs = {};  ///< indexes: the children that the source has as blobs
};

/// A manifest or index with everything it needs of its own kind: itself first, then its descendants, each once.
using ManifestTree = std::vector<TreeManifest>;

/// Which children an index may lack.
struct TreeRules {
  /// Those that are known to be absent, which are not asked for; any other must be there. Nothing: any may be absent,
  /// as long as one image is whole.
  std::optional<std::set<Digest>> absent = std::nullopt;
  /// Tells whether the source holds a blob; a child of an index that lacks one counts as absent. Null: it holds all.
  std::function<bool(const Descriptor& blob)> holds = {};
};

/// Fetches the descendants of `root`: nothing for an image, the children (to limits::kGraphDepth) for an index.
/// Children of types that are no manifest's are blobs or manifests, as the source has them. Throws Error{NotFound}
/// naming what is missing if more is than `rules` allow. Blocks on `source`.
[[nodiscard]] ManifestTree fetch_tree(ImageSource& source, ParsedManifest root, const TreeRules& rules = {});
/// The same for a root that was not parsed yet. Throws Error{Hostile} also if it is malformed.
[[nodiscard]] ManifestTree fetch_tree(ImageSource& source, RawManifest root, const TreeRules& rules = {});

/// Manifests, indexes and blobs to be moved, each digest once, with where to read them from. Pure data: no I/O.
class Graph {
 public:
  /// Says of a layer that may not be redistributed whether it is moved all the same.
  using LayerFilter = std::function<bool(const Descriptor& layer)>;
  static bool move_none(const Descriptor&) { return false; }
  static bool move_all(const Descriptor&) { return true; }

  struct ManifestNode : ParsedManifest {
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

  /// The children of an index that are manifests and here, in its order; empty for an image.
  [[nodiscard]] std::vector<Digest> children(const Digest& index) const;
  /// The children of an index that are neither here nor blobs, each once; empty for an image.
  [[nodiscard]] std::vector<Descriptor> absent_children(const Digest& index) const;
  /// Config and layers of an image manifest, in that order, less the layers that are not moved; of an index the
  /// children that are blobs.
  [[nodiscard]] std::vector<Descriptor> blobs_of(const Digest& manifest) const;
  /// `digest` and all manifests below it that are here, children before parents, each once.
  [[nodiscard]] std::vector<Digest> closure(const Digest& digest) const;
  /// Bytes of all manifests and blobs below `digest`, shared ones counted once.
  [[nodiscard]] std::uint64_t total_bytes(const Digest& digest) const;

 private:
  void add_blobs(const TreeManifest& tree, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves);
  void add_blob(const Descriptor& blob, const std::shared_ptr<BlobSource>& source, bool is_config);
  void set_heights(const Digest& root);
  void note_absent(const Digest& root);

  std::map<Digest, ManifestNode> manifests_;
  std::map<Digest, BlobNode> blobs_;
  std::map<Digest, Descriptor> skipped_;
  std::set<Digest> absent_;            ///< what indexes lacked when they were added
  std::set<Digest> incomplete_roots_;  ///< what these are below
};

/// All that an index lists; empty for an image manifest.
[[nodiscard]] const std::vector<Descriptor>& children_of(const std::variant<Manifest, ImageIndex>& parsed);

}  // namespace ociferry

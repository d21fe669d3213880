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
#include "ociferry/reference.hpp"
#include "store/store.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

struct TreeManifest : ParsedManifest {
  std::vector<Descriptor> blobs = {};  ///< indexes: the children that the source has as blobs
};

/// A manifest or index with its descendants: itself first, each once.
using ManifestTree = std::vector<TreeManifest>;

/// Which children of an index may be absent.
struct TreeRules {
  /// The known absent ones, which are not requested; all others must exist. nullopt: any may be absent, if one image is
  /// complete.
  std::optional<std::set<Digest>> absent = std::nullopt;
  /// Whether the source has a blob; a child of an index without one of its blobs counts as absent. Null: it has all.
  std::function<bool(const Descriptor& blob)> holds = {};
  /// Children for other platforms (`other_platforms`) are not requested and count as absent; so does an index below
  /// `root` that has nothing for these. Empty: all.
  std::vector<Platform> platforms = {};
};

/// Fetches the descendants of `root`: nothing for an image, the children (to limits::kGraphDepth) for an index.
/// Children of other media types are blobs or manifests, depending on the source. Throws Error{NotFound}
/// naming what is missing if more is than `rules` allow, or the platforms that there are if none is wanted. Blocks on
/// `source`.
[[nodiscard]] ManifestTree fetch_tree(ImageSource& source, ParsedManifest root, const TreeRules& rules = {});
/// The same for a root that was not parsed yet. Throws Error{Hostile} also if it is malformed.
[[nodiscard]] ManifestTree fetch_tree(ImageSource& source, RawManifest root, const TreeRules& rules = {});

/// Manifests, indexes and blobs to transfer, each digest once, with their sources. Pure data: no I/O.
class Graph {
 public:
  /// Whether a layer that must not be redistributed is transferred nevertheless.
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

  /// Adds `tree` and its blobs, to be read from `source`; existing ones keep their source.
  /// Layers that must not be redistributed are transferred only if `moves_nondistributable` returns true; the others
  /// are in `skipped_layers`. Throws Error{Hostile} if two descriptors of one digest contradict each other, or a limit
  /// is exceeded.
  void add(ManifestTree tree, const std::shared_ptr<BlobSource>& source,
           const LayerFilter& moves_nondistributable = move_none);

  /// Adds all of `other`; what both have keeps its source, and what one skips, lacks or leaves out is taken from the
  /// other. Throws Error{Hostile} as above.
  void add(const Graph& other);

  /// A blob that is not where its manifest was read, since the receiver has it: see `left_out`.
  struct LeftOut {
    std::set<RepositoryName> in = {};      ///< where the receiver has it, as far as it is known
    std::set<std::string> builds_on = {};  ///< for messages: what says that it has it
  };
  /// Notes that the source of `blob` does not have it. Nothing if the graph has no such blob.
  void leave_out(const Digest& blob, LeftOut what);
  /// Notes that `blob`, which was left out, is in `source`.
  void provide(const Digest& blob, std::shared_ptr<BlobSource> source);

  /// Moves the layers that must not be redistributed to `skipped_layers`.
  void skip_nondistributable();
  /// Transfers all `skipped_layers` after all; `source_of` returns the source of each.
  void move_skipped(const std::function<std::shared_ptr<BlobSource>(const Digest& layer)>& source_of);
  /// Drops all manifests but `kept`, and the blobs that only the dropped ones have.
  void retain(const std::set<Digest>& kept);

  [[nodiscard]] const std::map<Digest, ManifestNode>& manifests() const noexcept { return manifests_; }
  [[nodiscard]] const std::map<Digest, BlobNode>& blobs() const noexcept { return blobs_; }
  [[nodiscard]] const std::map<Digest, Descriptor>& skipped_layers() const noexcept { return skipped_; }
  /// Blobs of `blobs` whose source does not have them. Whoever transfers the graph finds them elsewhere first.
  [[nodiscard]] const std::map<Digest, LeftOut>& left_out() const noexcept { return left_out_; }
  [[nodiscard]] const ManifestNode& at(const Digest& digest) const { return manifests_.at(digest); }
  [[nodiscard]] bool contains(const Digest& digest) const { return manifests_.contains(digest); }

  /// The children of an index that are manifests and present, in order; empty for an image.
  [[nodiscard]] std::vector<Digest> children(const Digest& index) const;
  /// The children of an index that are neither present nor blobs, each once; empty for an image.
  [[nodiscard]] std::vector<Descriptor> absent_children(const Digest& index) const;
  /// Config and layers of an image manifest, in that order, without skipped layers; of an index the
  /// children that are blobs.
  [[nodiscard]] std::vector<Descriptor> blobs_of(const Digest& manifest) const;
  /// `digest` and all present manifests below it, children before parents, each once.
  [[nodiscard]] std::vector<Digest> closure(const Digest& digest) const;
  /// Bytes of all manifests and blobs below `digest`, shared ones counted once.
  [[nodiscard]] std::uint64_t total_bytes(const Digest& digest) const;

 private:
  void add_blobs(const TreeManifest& tree, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves);
  void add_blob(const Descriptor& blob, const std::shared_ptr<BlobSource>& source, bool is_config);
  /// Adds a manifest of `from`, with its blobs.
  void take(const Digest& manifest, const Graph& from);
  void join_left_out(const Graph& other);
  void drop_unused_left_out();
  void check_size() const;
  void set_heights(const Digest& root);
  void note_absent(const Digest& root);

  std::map<Digest, ManifestNode> manifests_;
  std::map<Digest, BlobNode> blobs_;
  std::map<Digest, Descriptor> skipped_;
  std::map<Digest, LeftOut> left_out_;
  std::set<Digest> absent_;            ///< absent children of the added indexes
  std::set<Digest> incomplete_roots_;  ///< the roots above them
};

/// All that an index lists; empty for an image manifest.
[[nodiscard]] const std::vector<Descriptor>& children_of(const std::variant<Manifest, ImageIndex>& parsed);

}  // namespace ociferry

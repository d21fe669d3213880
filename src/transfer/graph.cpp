#include "transfer/graph.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

void check_same_size(const Descriptor& known, const Descriptor& seen) {
  if (known.size == seen.size) return;
  throw Error(ErrorCode::Hostile, text::cat("two manifests give different sizes for ", seen.digest.text(), ": ",
                                            known.size, " and ", seen.size, " bytes"));
}

/// Readers that believe one entry of an index would see something else than those that believe the other. Docker's type
/// in the place of OCI's is another matter: the manifest's own bytes decide.
void check_same_child(const Descriptor& known, const Descriptor& seen) {
  check_same_size(known, seen);
  if (media_type::is_index(known.media_type) == media_type::is_index(seen.media_type)) return;
  throw Error(ErrorCode::Hostile, text::cat("the manifest ", seen.digest.text(), " is said to be ", known.media_type,
                                            " and to be ", seen.media_type));
}

/// Walks an index depth first, fetching each manifest once.
class TreeWalk {
 public:
  TreeWalk(Resolver& source, ManifestTree& tree) : source_(source), tree_(tree) {}

  void add(RawManifest raw, std::size_t depth) {
    auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
    if (depth > 1) raw.descriptor.media_type = std::visit([](const auto& one) { return one.media_type; }, parsed);
    const Digest parent = raw.descriptor.digest;
    const std::vector<Descriptor> children = children_of(parsed);
    tree_.push_back({std::move(raw), std::move(parsed)});
    if (depth > limits::kGraphDepth) {
      throw Error(ErrorCode::Hostile, text::cat("indexes nested deeper than ", limits::kGraphDepth, " levels"));
    }
    for (const Descriptor& child : children) {
      if (const auto [known, is_new] = seen_.try_emplace(child.digest, child); !is_new) {
        check_same_child(known->second, child);
        continue;
      }
      auto found = source_.manifest(child.digest.text());
      if (!found) {
        throw Error(ErrorCode::NotFound, text::cat("manifest ", child.digest.text(), " (",
                                                   child.platform ? to_string(*child.platform) : std::string(),
                                                   ") of the index ", parent.text(), " is missing"));
      }
      check_same_size(child, found->descriptor);
      found->descriptor.media_type = child.media_type;  // what it came as; its bytes decide
      add(*std::move(found), depth + 1);
    }
  }

 private:
  Resolver& source_;
  ManifestTree& tree_;
  std::map<Digest, Descriptor> seen_;
};

}  // namespace

ManifestTree fetch_tree(Resolver& source, RawManifest root) {
  ManifestTree tree;
  TreeWalk(source, tree).add(std::move(root), 1);
  return tree;
}

const std::vector<Descriptor>& children_of(const std::variant<Manifest, ImageIndex>& parsed) {
  static const std::vector<Descriptor> kNone;
  const auto* index = std::get_if<ImageIndex>(&parsed);
  return index == nullptr ? kNone : index->manifests;
}

std::vector<Descriptor> Graph::blobs_of(const Digest& digest) const {
  const auto* manifest = std::get_if<Manifest>(&at(digest).parsed);
  if (manifest == nullptr) return {};
  std::vector<Descriptor> blobs{manifest->config};
  std::ranges::copy_if(manifest->layers, std::back_inserter(blobs),
                       [this](const Descriptor& layer) { return blobs_.contains(layer.digest); });
  return blobs;
}

void Graph::add(ManifestTree tree, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves) {
  const Digest root = tree.front().raw.descriptor.digest;
  for (TreeManifest& one : tree) {
    const Digest digest = one.raw.descriptor.digest;
    if (manifests_.contains(digest)) continue;
    if (const auto* manifest = std::get_if<Manifest>(&one.parsed)) add_blobs(*manifest, source, moves);
    manifests_.emplace(digest, ManifestNode{.raw = std::move(one.raw), .parsed = std::move(one.parsed)});
  }
  if (manifests_.size() + blobs_.size() > limits::kGraphNodes) {
    throw Error(ErrorCode::Hostile, text::cat("more than ", limits::kGraphNodes, " manifests and blobs"));
  }
  set_heights(root);
}

void Graph::add_blobs(const Manifest& manifest, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves) {
  add_blob(manifest.config, source, true);
  for (const Descriptor& layer : manifest.layers) {
    if (!media_type::is_nondistributable(layer.media_type) || moves(layer)) {
      add_blob(layer, source, false);
    } else if (!blobs_.contains(layer.digest)) {
      skipped_.emplace(layer.digest, layer);
    }
  }
}

void Graph::add_blob(const Descriptor& blob, const std::shared_ptr<BlobSource>& source, bool is_config) {
  const auto [known, is_new] = blobs_.try_emplace(blob.digest, BlobNode{blob, source, is_config});
  if (!is_new) check_same_size(known->second.descriptor, blob);
  known->second.is_config |= is_config;  // whatever the order of finding
  skipped_.erase(blob.digest);
}

void Graph::skip_nondistributable() {
  const auto may_be_skipped = [](const auto& blob) {
    return media_type::is_nondistributable(blob.second.descriptor.media_type);
  };
  if (std::ranges::none_of(blobs_, may_be_skipped)) return;
  std::set<Digest> free;  // some manifest says that they may be redistributed
  for (const auto& [digest, node] : manifests_) {
    const auto* manifest = std::get_if<Manifest>(&node.parsed);
    if (manifest == nullptr) continue;
    free.insert(manifest->config.digest);
    for (const Descriptor& layer : manifest->layers) {
      if (!media_type::is_nondistributable(layer.media_type)) free.insert(layer.digest);
    }
  }
  std::erase_if(blobs_, [&](const auto& blob) {
    if (free.contains(blob.first)) return false;
    skipped_.emplace(blob.first, blob.second.descriptor);
    return true;
  });
}

void Graph::move_skipped(const std::function<std::shared_ptr<BlobSource>(const Digest& layer)>& source_of) {
  for (const auto& [digest, layer] : skipped_) blobs_.emplace(digest, BlobNode{layer, source_of(digest)});
  skipped_.clear();
}

void Graph::set_heights(const Digest& root) {
  for (const Digest& digest : closure(root)) {
    ManifestNode& node = manifests_.at(digest);
    node.height = 0;
    for (const Descriptor& child : children_of(node.parsed)) {
      node.height = std::max(node.height, manifests_.at(child.digest).height + 1);
    }
  }
}

std::vector<Digest> Graph::closure(const Digest& digest) const {
  std::vector<Digest> order;
  std::set<Digest> seen;
  // Digests cannot form a cycle, and fetch_tree has bounded the depth: recursion ends.
  const auto visit = [&](const auto& self, const Digest& at) -> void {
    if (!seen.insert(at).second) return;
    const auto node = manifests_.find(at);
    if (node == manifests_.end()) throw Error(ErrorCode::Incomplete, text::cat("manifest ", at.text(), " is missing"));
    for (const Descriptor& child : children_of(node->second.parsed)) self(self, child.digest);
    order.push_back(at);
  };
  visit(visit, digest);
  return order;
}

std::uint64_t Graph::total_bytes(const Digest& digest) const {
  std::map<Digest, std::uint64_t> sizes;
  for (const Digest& manifest : closure(digest)) {
    const ManifestNode& node = manifests_.at(manifest);
    sizes[manifest] = node.raw.bytes.size();
    for (const Descriptor& blob : blobs_of(manifest)) sizes[blob.digest] = blob.size;
  }
  std::uint64_t total = 0;
  for (const auto& [ignored, size] : sizes) total += size;
  return total;
}

}  // namespace ociferry

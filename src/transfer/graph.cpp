#include "transfer/graph.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "oci/limits.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"
#include "transfer/index_child.hpp"
#include "transfer/limits.hpp"
#include "transfer/platform_choice.hpp"

namespace ociferry {

namespace {

void check_same_size(const Descriptor& known, const Descriptor& seen) {
  if (known.size == seen.size) return;
  throw Error(ErrorCode::Hostile, text::cat("two manifests give different sizes for ", seen.digest.text(), ": ",
                                            known.size, " and ", seen.size, " bytes"));
}

/// False if it does not tell an index from an image.
bool is_known(std::string_view type) { return media_type::is_manifest(type) || media_type::is_index(type); }

/// A manifest without a media type may be listed with a Docker type here and an OCI type there. The result must not
/// depend on the order: a known type takes precedence, and Docker's over OCI's.
bool takes_precedence(std::string_view type, std::string_view other) {
  return std::pair(!is_known(type), type) < std::pair(!is_known(other), other);
}

/// Contradicting entries of an index would mean different content to different readers. Docker's type instead of OCI's
/// is harmless: the manifest's bytes decide. A missing or unknown type does not contradict others.
void check_same_child(const Descriptor& known, const Descriptor& seen) {
  check_same_size(known, seen);
  if (!is_known(known.media_type) || !is_known(seen.media_type)) return;
  if (media_type::is_index(known.media_type) == media_type::is_index(seen.media_type)) return;
  throw Error(ErrorCode::Hostile, text::cat("the manifest ", seen.digest.text(), " is listed both as ",
                                            known.media_type, " and as ", seen.media_type));
}

/// Walks an index depth first, fetching each manifest once.
class TreeWalk {
 public:
  TreeWalk(ImageSource& source, const TreeRules& rules, ManifestTree& tree)
      : source_(source), rules_(rules), tree_(tree) {}

  void add_root(ParsedManifest root) {
    const Digest digest = root.digest();
    if (add(std::move(root), 1) || children_of(tree_.front().parsed).empty()) return;
    if (missing_.empty() && left_some_out_) refuse_platforms(digest);
    throw Error(ErrorCode::NotFound, text::cat("no image of the index ", digest.text(), " is complete:\n  - ",
                                               text::join(missing_, "\n  - ")))
        .hint("save or copy the image again with at least one complete platform");
  }

 private:
  /// Adds a manifest and everything below it. Returns false, so that it counts as absent, if no runnable image in it is
  /// complete.
  bool add(ParsedManifest manifest, std::size_t depth) {
    auto& [raw, parsed] = manifest;
    if (depth > 1) raw.descriptor.media_type = std::visit([](const auto& one) { return one.media_type; }, parsed);
    check_depth("indexes", depth);
    const Digest digest = raw.descriptor.digest;
    const bool is_held = holds_blobs(digest, parsed);
    const std::vector<Descriptor> children = children_of(parsed);
    const std::size_t place = tree_.size();
    tree_.push_back({std::move(manifest)});
    if (!std::holds_alternative<ImageIndex>(tree_[place].parsed)) return is_held;
    const std::set<Digest> others = other_platforms(children, rules_.platforms);
    bool lacks_some = false;
    bool has_image = false;
    bool has_chosen = false;
    for (const Descriptor& child : children) {
      if (others.contains(child.digest)) {
        leave_out(child);
        continue;
      }
      const std::size_t before = tree_.size();
      const bool is_there = add_child(child, place, depth);
      lacks_some = lacks_some || !is_there;
      const bool is_manifest = is_there && !is_blob_.contains(child.digest);
      has_image = has_image || (is_manifest && !is_about_another(child));
      const bool is_index = media_type::is_index(child.media_type) || is_index_at(before);
      has_chosen = has_chosen || (is_manifest && (has_platform(child) || is_index));
    }
    // What has no platform is no reason to take an index of others along.
    const bool is_narrowed = !others.empty() || (lacks_some && left_some_out_);
    if (is_narrowed && !has_chosen) return false;
    return !lacks_some || has_image || rules_.absent;
  }

  /// Notes the platform of a child that is for another one.
  void leave_out(const Descriptor& child) {
    if (!has_platform(child)) return;
    left_some_out_ = true;
    // An archive may lack what its index lists.
    const bool is_here = !rules_.absent || !rules_.absent->contains(child.digest);
    if (is_here) unwanted_.insert(full_name(*child.platform));
  }

  [[nodiscard]] bool is_index_at(std::size_t place) const {
    return place < tree_.size() && std::holds_alternative<ImageIndex>(tree_[place].parsed);
  }

  [[noreturn]] void refuse_platforms(const Digest& index) const {
    std::vector<std::string> wanted;
    for (const Platform& platform : rules_.platforms) wanted.push_back(full_name(platform));
    throw Error(ErrorCode::NotFound,
                text::cat("the index ", index.text(), " has no image for ", text::join(wanted, " or "),
                          "; available: ", text::join({unwanted_.begin(), unwanted_.end()}, ", ")))
        .hint("name one of these platforms, or take all of them along: without --platform");
  }

  /// False if it is absent.
  bool add_child(const Descriptor& child, std::size_t parent, std::size_t depth) {
    if (const auto [known, is_new] = seen_.try_emplace(child.digest, child); !is_new) {
      check_same_child(known->second, child);
      if (is_blob_.contains(child.digest)) tree_[parent].blobs.push_back(child);
      return !lacking_.contains(child.digest);
    }
    if (rules_.absent && rules_.absent->contains(child.digest)) return lack(child);
    const std::string& type = child.media_type;
    if (!type.empty() && !is_known(type) && source_.is_blob(child)) {
      is_blob_.insert(child.digest);
      tree_[parent].blobs.push_back(child);
      return true;
    }
    auto found = source_.manifest(child.digest.text());
    if (!found) {
      missing_.push_back(text::cat("manifest ", shown_child(child), " of the index ",
                                   tree_[parent].raw.descriptor.digest.text(), " is missing"));
      if (rules_.absent) throw Error(ErrorCode::NotFound, missing_.back());
      return lack(child);
    }
    check_same_size(child, found->descriptor);
    // The type from the parent; the bytes decide.
    if (!type.empty()) found->descriptor.media_type = type;
    const std::size_t place = tree_.size();
    if (add(parse(*std::move(found)), depth + 1)) return true;
    for (std::size_t i = place; i < tree_.size(); ++i) lacking_.insert(tree_[i].raw.descriptor.digest);
    tree_.erase(tree_.begin() + static_cast<std::ptrdiff_t>(place), tree_.end());
    return false;
  }

  bool lack(const Descriptor& child) {
    lacking_.insert(child.digest);
    return false;
  }

  bool holds_blobs(const Digest& digest, const std::variant<Manifest, ImageIndex>& parsed) {
    const auto* manifest = std::get_if<Manifest>(&parsed);
    if (manifest == nullptr || !rules_.holds) return true;
    std::vector<Descriptor> blobs = manifest->layers;
    if (manifest->config) blobs.push_back(*manifest->config);
    std::erase_if(blobs, [&](const Descriptor& blob) {
      return media_type::is_nondistributable(blob.media_type) || rules_.holds(blob);
    });
    for (const Descriptor& blob : blobs) {
      missing_.push_back(text::cat("blob ", blob.digest.text(), " of the image ", digest.text(), " is missing"));
    }
    return blobs.empty();
  }

  ImageSource& source_;
  const TreeRules& rules_;
  ManifestTree& tree_;
  std::map<Digest, Descriptor> seen_;
  std::set<Digest> is_blob_;
  std::set<Digest> lacking_;  ///< children that are absent or incomplete
  std::vector<std::string> missing_;
  bool left_some_out_ = false;      ///< children were left out that are for other platforms
  std::set<std::string> unwanted_;  ///< the platforms of those of them that are here
};

}  // namespace

ManifestTree fetch_tree(ImageSource& source, ParsedManifest root, const TreeRules& rules) {
  ManifestTree tree;
  TreeWalk(source, rules, tree).add_root(std::move(root));
  return tree;
}

ManifestTree fetch_tree(ImageSource& source, RawManifest root, const TreeRules& rules) {
  return fetch_tree(source, parse(std::move(root)), rules);
}

const std::vector<Descriptor>& children_of(const std::variant<Manifest, ImageIndex>& parsed) {
  static const std::vector<Descriptor> kNone;
  const auto* index = std::get_if<ImageIndex>(&parsed);
  return index == nullptr ? kNone : index->manifests;
}

std::vector<Digest> Graph::children(const Digest& index) const {
  std::vector<Digest> here;
  for (const Descriptor& child : children_of(at(index).parsed)) {
    if (contains(child.digest)) here.push_back(child.digest);
  }
  return here;
}

std::vector<Descriptor> Graph::absent_children(const Digest& index) const {
  std::vector<Descriptor> absent;
  for (const Descriptor& child : children_of(at(index).parsed)) {
    const bool is_here = contains(child.digest) || blobs_.contains(child.digest);
    if (is_here || std::ranges::find(absent, child.digest, &Descriptor::digest) != absent.end()) continue;
    absent.push_back(child);
  }
  return absent;
}

std::vector<Descriptor> Graph::blobs_of(const Digest& digest) const {
  const ManifestNode& node = at(digest);
  std::vector<Descriptor> blobs;
  const auto* manifest = std::get_if<Manifest>(&node.parsed);
  if (manifest != nullptr && manifest->config) blobs.push_back(*manifest->config);
  const std::vector<Descriptor>& rest = manifest != nullptr ? manifest->layers : children_of(node.parsed);
  std::ranges::copy_if(rest, std::back_inserter(blobs), [&](const Descriptor& blob) {
    return blobs_.contains(blob.digest) && (manifest != nullptr || !contains(blob.digest));
  });
  return blobs;
}

void Graph::add(ManifestTree tree, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves) {
  const Digest root = tree.front().raw.descriptor.digest;
  bool completes_others = false;
  for (TreeManifest& one : tree) {
    const Digest digest = one.raw.descriptor.digest;
    add_blobs(one, source, moves);
    if (const auto known = manifests_.find(digest); known != manifests_.end()) {
      const std::string& type = one.raw.descriptor.media_type;
      if (!takes_precedence(type, known->second.raw.descriptor.media_type)) continue;
      known->second.raw.descriptor.media_type = type;
      known->second.parsed = std::move(one.parsed);
      continue;
    }
    completes_others = completes_others || absent_.contains(digest);
    manifests_.emplace(digest, ManifestNode{std::move(one)});
  }
  check_size();
  set_heights(root);
  note_absent(root);
  if (!completes_others) return;
  for (const Digest& incomplete : incomplete_roots_) set_heights(incomplete);
}

void Graph::add(const Graph& other) {
  join_left_out(other);
  for (const auto& [digest, node] : other.manifests_) take(digest, other);
  check_size();
  absent_.insert(other.absent_.begin(), other.absent_.end());
  incomplete_roots_.insert(other.incomplete_roots_.begin(), other.incomplete_roots_.end());
  for (const Digest& incomplete : incomplete_roots_) set_heights(incomplete);
}

void Graph::take(const Digest& digest, const Graph& from) {
  const ManifestNode& node = from.at(digest);
  const auto* manifest = std::get_if<Manifest>(&node.parsed);
  for (const Descriptor& blob : from.blobs_of(digest)) {
    const bool is_config = manifest != nullptr && manifest->config && manifest->config->digest == blob.digest;
    add_blob(blob, from.blobs_.at(blob.digest).source, is_config);
  }
  if (manifest != nullptr) {
    for (const Descriptor& layer : manifest->layers) {
      if (from.skipped_.contains(layer.digest) && !blobs_.contains(layer.digest)) skipped_.emplace(layer.digest, layer);
    }
  }
  const auto [known, is_new] = manifests_.try_emplace(digest, node);
  if (is_new || !takes_precedence(node.raw.descriptor.media_type, known->second.raw.descriptor.media_type)) return;
  static_cast<ParsedManifest&>(known->second) = node;
}

void Graph::check_size() const {
  if (manifests_.size() + blobs_.size() <= limits::kGraphNodes) return;
  throw Error(ErrorCode::Hostile, text::cat("more than ", limits::kGraphNodes, " manifests and blobs"));
}

void Graph::note_absent(const Digest& root) {
  for (const Digest& digest : closure(root)) {
    for (const Descriptor& child : absent_children(digest)) {
      absent_.insert(child.digest);
      incomplete_roots_.insert(root);
    }
  }
}

void Graph::add_blobs(const TreeManifest& tree, const std::shared_ptr<BlobSource>& source, const LayerFilter& moves) {
  // A known manifest may have children that another place lacks.
  for (const Descriptor& blob : tree.blobs) add_blob(blob, source, false);
  const auto* manifest = std::get_if<Manifest>(&tree.parsed);
  if (manifest == nullptr || contains(tree.raw.descriptor.digest)) return;
  if (manifest->config) add_blob(*manifest->config, source, true);
  for (const Descriptor& layer : manifest->layers) {
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
  known->second.is_config |= is_config;  // in any order of discovery
  skipped_.erase(blob.digest);
}

void Graph::skip_nondistributable() {
  const auto may_be_skipped = [](const auto& blob) {
    return media_type::is_nondistributable(blob.second.descriptor.media_type);
  };
  if (std::ranges::none_of(blobs_, may_be_skipped)) return;
  std::set<Digest> free;  // layers that some manifest allows to redistribute
  for (const auto& [digest, node] : manifests_) {
    const auto* manifest = std::get_if<Manifest>(&node.parsed);
    if (manifest == nullptr) continue;
    if (manifest->config) free.insert(manifest->config->digest);
    for (const Descriptor& layer : manifest->layers) {
      if (!media_type::is_nondistributable(layer.media_type)) free.insert(layer.digest);
    }
  }
  std::erase_if(blobs_, [&](const auto& blob) {
    if (free.contains(blob.first)) return false;
    skipped_.emplace(blob.first, blob.second.descriptor);
    return true;
  });
  drop_unused_left_out();
}

void Graph::move_skipped(const std::function<std::shared_ptr<BlobSource>(const Digest& layer)>& source_of) {
  for (const auto& [digest, layer] : skipped_) blobs_.emplace(digest, BlobNode{layer, source_of(digest)});
  skipped_.clear();
}

void Graph::retain(const std::set<Digest>& kept) {
  std::erase_if(manifests_, [&](const auto& node) { return !kept.contains(node.first); });
  std::set<Digest> configs;
  std::set<Digest> used;
  for (const auto& [digest, node] : manifests_) {
    if (const auto* manifest = std::get_if<Manifest>(&node.parsed)) {
      if (manifest->config) configs.insert(manifest->config->digest);
      for (const Descriptor& layer : manifest->layers) used.insert(layer.digest);
    }
    for (const Descriptor& child : children_of(node.parsed)) used.insert(child.digest);
  }
  used.insert(configs.begin(), configs.end());
  const auto is_unused = [&](const auto& blob) { return !used.contains(blob.first); };
  std::erase_if(blobs_, is_unused);
  for (auto& [digest, blob] : blobs_) blob.is_config = configs.contains(digest);
  std::erase_if(skipped_, is_unused);
  drop_unused_left_out();
  absent_.clear();
  incomplete_roots_.clear();
  for (auto& [digest, node] : manifests_) node.height = 0;
  for (const auto& [digest, node] : manifests_) {
    set_heights(digest);
    note_absent(digest);
  }
}

void Graph::set_heights(const Digest& root) {
  for (const Digest& digest : closure(root)) {
    ManifestNode& node = manifests_.at(digest);
    node.height = 0;
    for (const Digest& child : children(digest)) {
      node.height = std::max(node.height, manifests_.at(child).height + 1);
    }
  }
}

std::vector<Digest> Graph::closure(const Digest& digest) const {
  std::vector<Digest> order;
  std::set<Digest> seen;
  // Digests cannot form a cycle, and fetch_tree has bounded the depth: recursion ends.
  const auto visit = [&](const auto& self, const Digest& at) -> void {
    if (!seen.insert(at).second) return;
    if (!contains(at)) throw Error(ErrorCode::Incomplete, text::cat("manifest ", at.text(), " is missing"));
    for (const Digest& child : children(at)) self(self, child);
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

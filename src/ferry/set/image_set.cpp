#include "ferry/set/image_set.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "layout/archive_names.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "transfer/limits.hpp"

namespace ociferry {

ImageSet::ImageSet(std::vector<SetImage> images, Graph graph) : images_(std::move(images)), graph_(std::move(graph)) {
  std::ranges::sort(images_, std::ranges::less{}, [](const SetImage& image) {
    return std::tuple(!image.is_root, image.is_referrer, !image.is_bundle, to_string(image.reference));
  });
  for (std::size_t i = 0; i < images_.size(); ++i) index_.emplace(images_[i].digest(), i);
}

const SetImage* ImageSet::find(const Digest& digest) const {
  const auto found = index_.find(digest);
  return found == index_.end() ? nullptr : &images_[found->second];
}

bool ImageSet::is_bundle(const Digest& digest) const {
  const SetImage* image = find(digest);
  return image != nullptr && image->is_bundle;
}

Locations relocatable_locations(const ImageSet& set, const SetImage& bundle) {
  return make_locations(bundle.lock, [&](const Digest& digest) { return set.is_bundle(digest); });
}

namespace {

/// The layers of `image`, or of the images of an index, that are not moved; in order, without duplicates.
std::vector<Descriptor> skipped_layers_of(const Graph& graph, const Digest& image) {
  std::vector<Descriptor> skipped;
  for (const Digest& digest : graph.closure(image)) {
    const auto* manifest = std::get_if<Manifest>(&graph.at(digest).parsed);
    if (manifest == nullptr) continue;
    for (const Descriptor& layer : manifest->layers) {
      const bool is_new = std::ranges::find(skipped, layer.digest, &Descriptor::digest) == skipped.end();
      if (is_new && graph.skipped_layers().contains(layer.digest)) skipped.push_back(layer);
    }
  }
  return skipped;
}

bool has_nondistributable_layers(const Graph& graph) {
  return !graph.skipped_layers().empty() || std::ranges::any_of(graph.blobs(), [](const auto& blob) {
    return media_type::is_nondistributable(blob.second.descriptor.media_type);
  });
}

}  // namespace

std::vector<SkippedLayer> skipped_layers(const ImageSet& set) {
  std::vector<SkippedLayer> skipped;
  if (set.graph().skipped_layers().empty()) return skipped;
  for (const SetImage& image : set.images()) {
    for (Descriptor& layer : skipped_layers_of(set.graph(), image.digest())) {
      skipped.push_back({std::move(layer), image.reference});
    }
  }
  return skipped;
}

void warn_of_nondistributable_layers(const ImageSet& set, bool included, Progress& progress) {
  const Graph& graph = set.graph();
  if (included && !has_nondistributable_layers(graph)) {
    progress.notice(
        "'--include-non-distributable-layers' flag provided, but no images contained a non-distributable layer.");
  }
  if (graph.skipped_layers().empty()) return;
  std::string warning =
      "Skipped the followings layer(s) due to it being non-distributable. If you would like to include "
      "non-distributable layers, use the --include-non-distributable-layers flag";
  std::string last;
  for (const SkippedLayer& skipped : skipped_layers(set)) {
    const std::string image = to_string(skipped.image);
    warning += image == last ? ", " : text::cat("\n  - Image: ", image, ", Layers: ");
    warning += skipped.layer.digest.text();
    last = image;
  }
  progress.notice(warning);
}

std::set<std::string> all_tags(const SetImage& image) {
  std::set<std::string> tags = image.tags;
  for (const auto& [name, others] : image.also) tags.insert(others.begin(), others.end());
  return tags;
}

std::set<std::string> tags_to_put(const std::set<std::string>& tags, bool root_tags) {
  // imgpkg's digest tags are made again at each destination.
  std::set<std::string> put;
  std::ranges::copy_if(tags, std::inserter(put, put.end()), [&](const std::string& tag) {
    return attachment_subject(tag) || (root_tags && !is_digest_tag(tag));
  });
  return put;
}

std::set<std::string> tags_to_put(const SetImage& image, bool root_tags) {
  return tags_to_put(all_tags(image), root_tags);
}

Error two_claims(const std::string& tag, const SetImage& one, const SetImage& other) {
  Error error(ErrorCode::Usage, text::cat("two images have the tag '", tag, "': ", to_string(one.reference), " and ",
                                          to_string(other.reference)));
  if (attachment_subject(tag)) {
    error.hint("attachments with the same tag cannot go to one repository: move these images separately");
  } else if (one.reference.name == other.reference.name) {
    error.hint(text::cat("take one of them with -i ", to_string(one.reference), "; or both, with --no-root-tags --tag ",
                         to_string(one.reference), "=", tag, ", which leaves the other one without it"));
  } else {
    error.hint(
        "a tag can point to one of them only: --to-registry keeps each in a repository of its own; with "
        "--no-root-tags --repo-based-tags each is at a tag that begins with the name of its repository");
  }
  return error;
}

void check_tags(const ImageSet& set, bool root_tags) {
  std::map<std::string, const SetImage*> owners;
  for (const SetImage& image : set.images()) {
    for (const std::string& tag : tags_to_put(image, root_tags)) {
      const auto [owner, is_new] = owners.emplace(tag, &image);
      if (!is_new) throw two_claims(tag, *owner->second, image);
    }
  }
}

std::optional<NameClash> find_name_clash(const ImageSet& set) {
  std::map<std::pair<RepositoryName, std::string>, const SetImage*> owners;
  std::optional<NameClash> clash;
  const auto claim = [&](const SetImage& image, const RepositoryName& name, const std::set<std::string>& tags) {
    for (const std::string& tag : tags_to_put(tags, true)) {
      const auto [owner, is_new] = owners.emplace(std::pair(name, tag), &image);
      if (is_new || owner->second == &image || clash) continue;
      clash = NameClash{.name = {name, tag, std::nullopt}, .one = owner->second, .other = &image};
    }
  };
  for (const SetImage& image : set.images()) {
    claim(image, image.reference.name, image.tags);
    for (const auto& [name, tags] : image.also) claim(image, name, tags);
  }
  return clash;
}

void check_names(const ImageSet& set) {
  const auto clash = find_name_clash(set);
  if (!clash) return;
  throw Error(ErrorCode::Usage, text::cat(to_string(clash->name), " is given for two images: ",
                                          clash->one->digest().text(), " and ", clash->other->digest().text()))
      .hint("leave the tag out before the digest of one of them");
}

std::set<Digest> subjects_of(const ImageSet& set, const SetImage& image) { return subjects_of(set.graph(), image); }

std::set<Digest> subjects_of(const Graph& graph, const SetImage& image) {
  std::set<Digest> subjects;
  if (const Descriptor* subject = subject_of(graph.at(image.digest()).parsed)) subjects.insert(subject->digest);
  for (const std::string& tag : image.tags) {
    if (const auto subject = attachment_subject(tag)) subjects.insert(*subject);
  }
  return subjects;
}

void check_attached(const ImageSet& set) {
  std::set<Digest> reached;
  std::vector<const SetImage*> pending;
  const auto reach = [&](const SetImage& image) {
    for (const Digest& digest : set.graph().closure(image.digest())) reached.insert(digest);
    for (const Descriptor& child : absent_below(set.graph(), image.digest())) reached.insert(child.digest);
  };
  for (const SetImage& image : set.images()) {
    if (image.is_referrer) {
      pending.push_back(&image);
    } else {
      reach(image);
    }
  }
  // Level by level, since an attachment may have attachments.
  for (std::size_t depth = 0; !pending.empty() && depth < limits::kGraphDepth; ++depth) {
    const auto attached = std::stable_partition(pending.begin(), pending.end(), [&](const SetImage* image) {
      return std::ranges::none_of(subjects_of(set, *image), [&](const Digest& at) { return reached.contains(at); });
    });
    if (attached == pending.end()) break;
    std::for_each(attached, pending.end(), [&](const SetImage* image) { reach(*image); });
    pending.erase(attached, pending.end());
  }
  if (pending.empty()) return;
  throw Error(ErrorCode::Corrupt,
              text::cat(to_string(pending.front()->reference), " is attached to an image that is missing"));
}

void check_listed(std::size_t images) {
  if (images <= limits::kGraphNodes) return;
  throw Error(ErrorCode::Hostile, text::cat("lock files list more than ", limits::kGraphNodes, " images"));
}

void check_nesting(const ImageSet& set) {
  std::set<const SetImage*> level;
  for (const SetImage& image : set.images()) {
    if (image.is_bundle) level.insert(&image);
  }
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    check_depth("bundles", depth);
    std::set<const SetImage*> next;
    for (const SetImage* bundle : level) {
      for (const ImageRef& ref : bundle->lock.images) {
        const SetImage* inner = set.find(*ref.image.digest);
        if (inner != nullptr && inner->is_bundle) next.insert(inner);
      }
    }
    level = std::move(next);
  }
}

void check_complete(const ImageSet& set) {
  std::vector<std::string> missing;
  for (const SetImage& bundle : set.images()) {
    for (const ImageRef& ref : bundle.lock.images) {
      if (!set.contains(*ref.image.digest)) {
        missing.push_back(text::cat(to_string(ref.image), " (listed by the bundle ", to_string(bundle.reference), ")"));
      }
    }
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::Incomplete,
              text::cat(missing.size(), " images are missing:\n  - ", text::join(missing, "\n  - ")));
}

/// Checked early: a registry would refuse such a manifest half-way.
void check_digests(const ImageSet& set) {
  for (const auto& [digest, node] : set.graph().manifests()) {
    if (digest.algorithm() == "sha256") continue;
    throw Error(ErrorCode::Refused,
                text::cat("the manifest ", digest.text(), " has a digest by ", digest.algorithm(),
                          ": registries address manifests by sha256, so it would get another digest"))
        .hint("build the image again with sha256 manifests; its layers and configuration may have sha512 digests");
  }
}

}  // namespace ociferry

#include "ferry/set/stripped_indexes.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/detach.hpp"
#include "ferry/set/joined_set.hpp"
#include "oci/json.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

/// Makes the smaller indexes, and adds them to a graph.
class IndexStripper {
 public:
  explicit IndexStripper(Graph& graph) : graph_(graph) {}

  /// The digest of `index` without what is absent; its own if nothing is.
  Digest strip(const Digest& index) {
    if (absent_below(graph_, index).empty()) return index;
    if (const auto known = now_.find(index); known != now_.end()) return known->second;
    Json document = Json::parse_leniently(graph_.at(index).raw.bytes, "an index");
    const std::string text = Json(rewritten(*document.as_object(), index)).dump();
    Descriptor descriptor = graph_.at(index).raw.descriptor;
    descriptor.digest = sha256(text);
    descriptor.size = text.size();
    ManifestTree tree;
    tree.push_back({parse({.descriptor = descriptor, .bytes = text})});
    graph_.add(std::move(tree), nullptr);  // what it has below it is there already
    now_.emplace(index, descriptor.digest);
    return descriptor.digest;
  }

  /// The new digest of each index that was rewritten.
  [[nodiscard]] const std::map<Digest, Digest>& now() const { return now_; }

 private:
  Json::Object rewritten(const Json::Object& document, const Digest& index) {
    std::set<Digest> absent;
    for (const Descriptor& child : graph_.absent_children(index)) absent.insert(child.digest);
    Json::Object members;
    for (const auto& [name, value] : document) {
      if (name != "manifests") {
        members.emplace_back(name, value);
        continue;
      }
      Json::Array children;
      for (const Json& child : *value.as_array()) {
        const Digest digest = Digest::parse(child.string_at("digest"));
        if (!absent.contains(digest)) children.push_back(graph_.contains(digest) ? replaced(child, digest) : child);
      }
      members.emplace_back(name, std::move(children));
    }
    return members;
  }

  /// An entry of an index, for what has taken the place of `child`.
  Json replaced(const Json& entry, const Digest& child) {
    const Digest now = strip(child);
    if (now == child) return entry;
    Json::Object members = *entry.as_object();
    std::erase_if(members, [](const Json::Member& member) { return member.first == "data"; });  // the old content
    for (auto& [name, value] : members) {
      if (name == "digest") value = now.text();
      if (name == "size") value = graph_.at(now).raw.descriptor.size;
    }
    return members;
  }

  Graph& graph_;
  std::map<Digest, Digest> now_;
};

void warn_of_pinned(const std::vector<std::string>& pinned, Progress& progress) {
  if (pinned.empty()) return;
  progress.warn(
      text::cat("indexes that stay as they are, since their digest is needed:\n  - ", text::join(pinned, "\n  - ")));
}

void warn_of_detached(const std::vector<Reference>& detached, Progress& progress) {
  if (detached.empty()) return;
  std::vector<std::string> lines;
  for (const Reference& one : detached) lines.push_back(to_string(one));
  progress.warn(text::cat("left out, since they are attached to the old digests of stripped indexes:\n  - ",
                          text::join(lines, "\n  - ")));
}

/// Adds `image`, or its names to an equal one: indexes may have differed in what was absent only.
void add_image(std::vector<SetImage>& images, const SetImage& image) {
  const auto known = std::ranges::find(images, image.digest(), &SetImage::digest);
  if (known == images.end()) {
    images.push_back(image);
  } else {
    join_image(*known, image);
  }
}

void note_names(const SetImage& image, const Digest& old, StrippedSet& result) {
  const auto note = [&](const RepositoryName& name, const std::set<std::string>& tags) {
    result.old_by_name.emplace(std::pair(name, std::nullopt), old);
    for (const std::string& tag : tags) result.old_by_name.emplace(std::pair(name, tag), old);
  };
  note(image.reference.name, image.tags);
  for (const auto& [name, tags] : image.also) note(name, tags);
}

}  // namespace

StrippedSet strip_indexes(const ImageSet& set, Progress& progress) {
  StrippedSet result{.set = set};
  Graph graph = set.graph();
  IndexStripper stripper(graph);
  std::vector<SetImage> images;
  std::vector<std::string> pinned;
  for (SetImage image : set.images()) {
    const Digest old = image.digest();
    if (!absent_below(graph, old).empty()) {
      if (const auto user = who_needs(set, image)) {
        pinned.push_back(text::cat(to_string(image.reference), ": ", *user));
      } else {
        image.reference.digest = stripper.strip(old);
        result.stripped.push_back({.index = Reference::by_digest(image.reference.name, old),
                                   .now = image.digest(),
                                   .left = children_of(graph.at(image.digest()).parsed).size(),
                                   .listed = children_of(graph.at(old).parsed).size()});
        result.now.emplace(old, image.digest());
        note_names(image, old, result);
      }
    }
    add_image(images, image);
  }
  warn_of_pinned(pinned, progress);
  if (result.stripped.empty()) return result;
  std::vector<SetImage> wanted = images;
  std::erase_if(wanted, [](const SetImage& image) { return image.is_referrer; });
  const std::set<Digest> kept = manifests_of(wanted, graph);
  std::set<Digest> gone;
  for (const auto& [old, now] : stripper.now()) {
    if (!kept.contains(old)) gone.insert(old);
  }
  warn_of_detached(detach(images, graph, gone), progress);
  graph.retain(manifests_of(images, graph));
  result.set = ImageSet(std::move(images), std::move(graph));
  return result;
}

void name_old_digests(std::vector<PlacedImage>& names, const StrippedSet& stripped) {
  for (PlacedImage& name : names) {
    const auto old = stripped.old_by_name.find({name.from.name, name.from.tag});
    if (old != stripped.old_by_name.end()) name.from.digest = old->second;
  }
}

std::vector<AddedTag> stripped_tags(std::vector<AddedTag> tags, const StrippedSet& stripped) {
  for (AddedTag& tag : tags) {
    for (const auto& [old, now] : stripped.now) {
      if (!tag.image.ends_with(old.text())) continue;
      tag.image.replace(tag.image.size() - old.text().size(), std::string::npos, now.text());
      break;
    }
  }
  return tags;
}

ImagesLock stripped_lock(ImagesLock lock, const StrippedSet& stripped) {
  for (ImageRef& ref : lock.images) {
    const auto now = stripped.now.find(*ref.image.digest);
    if (now != stripped.now.end()) ref.image.digest = now->second;
  }
  return lock;
}

}  // namespace ociferry

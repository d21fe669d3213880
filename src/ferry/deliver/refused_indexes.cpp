#include "ferry/deliver/refused_indexes.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "transfer/index_child.hpp"

namespace ociferry {

namespace {

/// Adds the complete images and indexes below an incomplete index.
void add_complete(const Graph& graph, const Digest& index, std::map<Digest, Descriptor>& complete) {
  for (const Descriptor& child : children_of(graph.at(index).parsed)) {
    if (!graph.contains(child.digest)) continue;
    if (absent_below(graph, child.digest).empty()) {
      complete.emplace(child.digest, child);
    } else {
      add_complete(graph, child.digest, complete);
    }
  }
}

/// Adds the children that are not manifests, of `index` and of the incomplete indexes below it.
void add_blobs(const Graph& graph, const Digest& index, std::set<Digest>& blobs) {
  for (const Descriptor& blob : graph.blobs_of(index)) blobs.insert(blob.digest);
  for (const Digest& child : graph.children(index)) {
    const bool is_index = std::holds_alternative<ImageIndex>(graph.at(child).parsed);
    if (is_index && !absent_below(graph, child).empty()) add_blobs(graph, child, blobs);
  }
}

/// A root's tag with the child's platform, such as "v1-linux-arm64"; empty if it would be invalid.
std::string platform_tag(const std::string& tag, const Descriptor& child) {
  if (!child.platform) return {};
  std::string name = text::cat(tag, "-", to_string(*child.platform));
  if (!child.platform->os_version.empty()) name += text::cat("-", child.platform->os_version);
  std::ranges::replace(name, '/', '-');
  return is_valid_tag(name) ? name : std::string();
}

class Splitter {
 public:
  Splitter(const ImageSet& set, Progress& progress) : set_(set), progress_(progress) {
    for (const SetImage& image : set.images()) tags_.merge(all_tags(image));
  }

  void keep(const SetImage& image) { merge(image); }

  void split(const SetImage& index) {
    std::map<Digest, Descriptor> complete;
    add_complete(set_.graph(), index.digest(), complete);
    const auto runnable =
        std::ranges::count_if(complete, [](const auto& child) { return !is_about_another(child.second); });
    std::vector<std::string> names;
    for (const auto& [digest, child] : complete) {
      SetImage part{.reference = Reference::by_digest(index.reference.name, digest)};
      if (!is_about_another(child)) {
        part.is_root = index.is_root;
        part.tags = runnable == 1 ? index.tags : platform_tags(index.tags, child);
        for (const auto& [name, tags] : index.also) part.also[name] = runnable == 1 ? tags : platform_tags(tags, child);
      }
      std::string name = shown_child(child);
      for (const std::string& tag : part.tags) name += text::cat(" with the tag ", tag);
      names.push_back(std::move(name));
      merge(part);
    }
    std::set<Digest> blobs;
    add_blobs(set_.graph(), index.digest(), blobs);
    std::string left = blobs.empty() ? "" : "; also left out, because they are not images:";
    for (const Digest& blob : blobs) left += text::cat(" ", blob.text());
    progress_.warn(text::cat("the index ", to_string(index.reference),
                             " is left out, because the destination refuses incomplete indexes; "
                             "put instead: ",
                             text::join(names, ", "), left, "; --strip-index puts a smaller index instead"));
  }

  std::vector<SetImage> take() {
    std::vector<SetImage> images;
    for (auto& [digest, image] : images_) images.push_back(std::move(image));
    return images;
  }

 private:
  std::set<std::string> platform_tags(const std::set<std::string>& tags, const Descriptor& child) {
    std::set<std::string> all;
    for (const std::string& tag : tags) {
      std::string name = platform_tag(tag, child);
      if (!name.empty() && tags_.insert(name).second) all.insert(std::move(name));
    }
    return all;
  }

  void merge(const SetImage& image) {
    const auto [known, is_new] = images_.try_emplace(image.digest(), image);
    if (is_new) return;
    known->second.tags.insert(image.tags.begin(), image.tags.end());
    for (const auto& [name, tags] : image.also) known->second.also[name].insert(tags.begin(), tags.end());
    known->second.is_root = known->second.is_root || image.is_root;
    known->second.is_referrer = known->second.is_referrer && image.is_referrer;
  }

  const ImageSet& set_;
  Progress& progress_;
  std::set<std::string> tags_;  ///< all tags in use
  std::map<Digest, SetImage> images_;
};

}  // namespace

bool is_for_absence(const Error& error, const Graph& graph, const Digest& index, const Destination& to) {
  const ErrorCode code = error.code();
  const bool refuses = code == ErrorCode::Unstable || code == ErrorCode::Refused || code == ErrorCode::NotFound;
  if (!refuses || graph.absent_children(index).empty()) return false;
  const auto children = graph.children(index);
  const auto blobs = graph.blobs_of(index);
  return std::ranges::all_of(children, [&](const Digest& child) { return to.target.resolve(child.text()) == child; }) &&
         std::ranges::all_of(blobs, [&](const Descriptor& blob) { return to.target.has_blob(blob); });
}

ImageSet without_indexes(const ImageSet& set, const std::set<Digest>& refused, Progress& progress) {
  Splitter splitter(set, progress);
  for (const SetImage& image : set.images()) {
    const auto below = set.graph().closure(image.digest());
    if (std::ranges::none_of(below, [&](const Digest& digest) { return refused.contains(digest); })) {
      splitter.keep(image);
      continue;
    }
    if (const auto user = who_needs(set, image)) {
      throw Error(ErrorCode::Refused, text::cat("the destination refuses incomplete indexes, and ", *user, " needs ",
                                                to_string(image.reference), " by its digest"))
          .hint(
              "transfer all its platforms: leave out --platform, here and where the archive was exported; or use a "
              "registry "
              "that accepts such indexes");
    }
    splitter.split(image);
  }
  return {splitter.take(), set.graph()};
}

}  // namespace ociferry

#include "ferry/set/platforms.hpp"

#include <algorithm>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/detach.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"
#include "transfer/platform_choice.hpp"

namespace ociferry {

namespace {

/// A graph as a place that manifests are read from.
class GraphManifests : public ImageSource {
 public:
  explicit GraphManifests(const Graph& graph) : graph_(graph) {}

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override {
    const auto digest = Digest::try_parse(selector);
    if (!digest || !graph_.contains(*digest)) return std::nullopt;
    return graph_.at(*digest).raw;
  }
  [[nodiscard]] bool is_blob(const Descriptor& content) override { return graph_.blobs().contains(content.digest); }
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t, std::stop_token) override {
    throw Error(ErrorCode::Internal, text::cat("the blob ", blob.digest.text(), " was read to choose platforms"));
  }

 private:
  const Graph& graph_;
};

std::set<Digest> digests_of(const std::vector<Descriptor>& descriptors) {
  std::set<Digest> digests;
  for (const Descriptor& one : descriptors) digests.insert(one.digest);
  return digests;
}

/// The manifests of `image` that are wanted.
std::set<Digest> chosen(const SetImage& image, const Graph& graph, const std::vector<Platform>& wanted) {
  GraphManifests source(graph);
  const auto doing = [&] { return text::cat("choosing platforms of ", to_string(image.reference)); };
  const ManifestTree tree = with_context(doing, [&] {
    return fetch_tree(source, graph.at(image.digest()).raw,
                      {.absent = digests_of(absent_below(graph, image.digest())), .platforms = wanted});
  });
  std::set<Digest> digests;
  for (const TreeManifest& one : tree) digests.insert(one.raw.descriptor.digest);
  return digests;
}

std::vector<std::string> lacking(const Graph& graph, const Digest& image, const std::vector<Platform>& wanted) {
  std::vector<Platform> there;
  for (const Digest& digest : graph.closure(image)) {
    for (const Descriptor& child : children_of(graph.at(digest).parsed)) {
      if (has_platform(child) && graph.contains(child.digest)) there.push_back(*child.platform);
    }
  }
  std::vector<std::string> names;
  if (there.empty()) return names;
  for (const Platform& platform : wanted) {
    if (std::ranges::none_of(there, [&](const Platform& one) { return is_for(one, {platform}); })) {
      names.push_back(full_name(platform));
    }
  }
  return names;
}

}  // namespace

ImageSet select_platforms(ImageSet set, const std::vector<Platform>& wanted) {
  if (wanted.empty()) return set;
  Graph graph = set.graph();
  std::vector<SetImage> images;
  std::set<Digest> kept;
  for (const SetImage& image : set.images()) {
    images.push_back(image);
    // What is attached stays whole, as it is where it is looked for in registries.
    if (!image.is_referrer) kept.merge(chosen(image, graph, wanted));
  }
  std::set<Digest> attached;
  for (const SetImage& image : images) {
    if (!image.is_referrer) continue;
    for (const Digest& digest : graph.closure(image.digest())) attached.insert(digest);
  }
  std::set<Digest> gone;
  for (const auto& [digest, node] : graph.manifests()) {
    if (!kept.contains(digest) && !attached.contains(digest)) gone.insert(digest);
  }
  static_cast<void>(detach(images, graph, gone));
  for (const SetImage& image : images) {
    if (!image.is_referrer) continue;
    for (const Digest& digest : graph.closure(image.digest())) kept.insert(digest);
  }
  graph.retain(kept);
  return {std::move(images), std::move(graph)};
}

void warn_of_lacking_platforms(const ImageSet& set, const std::vector<Platform>& wanted, Progress& progress) {
  std::vector<std::string> lines;
  for (const SetImage& image : set.images()) {
    if (image.is_referrer) continue;
    const auto names = lacking(set.graph(), image.digest(), wanted);
    if (!names.empty()) lines.push_back(text::cat(to_string(image.reference), " lacks ", text::join(names, ", ")));
  }
  if (lines.empty()) return;
  progress.warn(text::cat("not every index has an image for each platform:", text::listed(lines)));
}

void warn_of_other_platforms(const std::map<std::string, Platform>& images, Progress& progress) {
  std::vector<std::string> lines;
  for (const auto& [name, platform] : images) lines.push_back(text::cat(name, " (", full_name(platform), ")"));
  if (lines.empty()) return;
  progress.warn(
      text::cat("transferred although they are for another platform, because they are no indexes to choose from:",
                text::listed(lines)));
}

}  // namespace ociferry

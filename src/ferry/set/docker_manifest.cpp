#include "ferry/set/docker_manifest.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "oci/json.hpp"
#include "oci/manifest.hpp"
#include "oci/runtime_name.hpp"
#include "oci/tag_names.hpp"

namespace ociferry {

namespace {

bool is_image_config(std::string_view type) {
  return type == media_type::kOciConfig || type == media_type::kDockerConfig;
}

using Digests = std::set<Digest>;

/// `without`: blobs that are not there.
bool is_runnable(const Graph& graph, const Manifest& manifest, const Digests& without) {
  return manifest.config && is_image_config(manifest.config->media_type) &&
         graph.blobs().contains(manifest.config->digest) &&
         std::ranges::all_of(manifest.layers, [&](const Descriptor& layer) {
           return media_type::is_tar_layer(layer.media_type) && graph.blobs().contains(layer.digest) &&
                  !without.contains(layer.digest);
         });
}

/// The manifest of a runnable image in the graph; else null.
const Manifest* runnable_manifest(const Graph& graph, const Digest& digest, const Digests& without) {
  const auto node = graph.manifests().find(digest);
  if (node == graph.manifests().end()) return nullptr;
  const auto* manifest = std::get_if<Manifest>(&node->second.parsed);
  return manifest != nullptr && is_runnable(graph, *manifest, without) ? manifest : nullptr;
}

/// The same without encrypted images: they run where their key is, but this form of an archive has no way to say that a
/// layer is encrypted, and whoever loads it stops there.
const Manifest* loadable_manifest(const Graph& graph, const Digest& digest, const Digests& without) {
  const Manifest* const manifest = runnable_manifest(graph, digest, without);
  if (manifest == nullptr) return nullptr;
  return std::ranges::none_of(manifest->layers, is_encrypted_layer, &Descriptor::media_type) ? manifest : nullptr;
}

/// The loadable linux images below an index, in order.
std::vector<Descriptor> linux_children(const Graph& graph, const Digest& index, const Digests& without) {
  std::vector<Descriptor> found;
  const auto node = graph.manifests().find(index);
  if (node == graph.manifests().end()) return found;
  for (const Descriptor& child : children_of(node->second.parsed)) {
    const auto below = linux_children(graph, child.digest, without);
    found.insert(found.end(), below.begin(), below.end());
    const bool is_linux = child.platform && child.platform->os == "linux";
    if (is_linux && loadable_manifest(graph, child.digest, without) != nullptr) found.push_back(child);
  }
  return found;
}

/// The names of `image` for a container runtime: with its tags, else with the tag made from its digest.
std::vector<std::string> docker_names(const SetImage& image) {
  std::vector<std::string> names;
  const auto add = [&](const RepositoryName& name, const std::set<std::string>& tags) {
    for (const std::string& tag : tags) names.push_back(text::cat(runtime_name(name), ":", tag));
  };
  add(image.reference.name, image.tags);
  for (const auto& [name, tags] : image.also) add(name, tags);
  if (names.empty()) names.push_back(text::cat(runtime_name(image.reference.name), ":", image_tag(image.digest())));
  return names;
}

/// The names with the platform appended, such as "app:v1-arm64-v8", without those that get too long.
std::vector<std::string> with_platform(const std::vector<std::string>& names, const Platform& platform) {
  std::string suffix = text::cat("-", platform.architecture);
  if (!platform.variant.empty()) suffix += text::cat("-", platform.variant);
  std::vector<std::string> longer;
  for (const std::string& name : names) {
    if (is_valid_tag(name.substr(name.rfind(':') + 1) + suffix)) longer.push_back(name + suffix);
  }
  return longer;
}

class DockerManifest {
 public:
  DockerManifest(const ImageSet& set, const Digests& without) : graph_(set.graph()), without_(without) {
    for (const SetImage& image : set.images()) {
      if (image.is_referrer) continue;
      if (loadable_manifest(graph_, image.digest(), without_) != nullptr) {
        add(image.digest(), docker_names(image));
      } else {
        add_children(image);
      }
    }
  }

  [[nodiscard]] std::string text() const {
    Json::Array list;
    for (const Digest& digest : order_) list.push_back(entry(digest));
    return Json(std::move(list)).dump();
  }

 private:
  void add_children(const SetImage& index) {
    const std::vector<Descriptor> children = linux_children(graph_, index.digest(), without_);
    if (children.empty()) return;
    const auto amd64 =
        std::ranges::find_if(children, [](const Descriptor& child) { return child.platform->architecture == "amd64"; });
    const Digest preferred = amd64 == children.end() ? children.front().digest : amd64->digest;
    const std::vector<std::string> names = docker_names(index);
    for (const Descriptor& child : children) {
      add(child.digest, child.digest == preferred ? names : with_platform(names, *child.platform));
    }
  }

  void add(const Digest& image, const std::vector<std::string>& names) {
    const auto [known, is_new] = names_.try_emplace(image);
    if (is_new) order_.push_back(image);
    known->second.insert(names.begin(), names.end());
  }

  [[nodiscard]] Json entry(const Digest& digest) const {
    const Manifest& manifest = std::get<Manifest>(graph_.at(digest).parsed);
    Json::Array layers;
    for (const Descriptor& layer : manifest.layers) layers.emplace_back(blob_path(layer.digest));
    Json::Array names;
    for (const std::string& name : names_.at(digest)) names.emplace_back(name);
    return Json::Object{{"Config", blob_path(manifest.config.value().digest)},
                        {"RepoTags", std::move(names)},
                        {"Layers", std::move(layers)}};
  }

  const Graph& graph_;
  const Digests& without_;
  std::vector<Digest> order_;
  std::map<Digest, std::set<std::string>> names_;
};

}  // namespace

bool is_runnable(const ImageSet& set, const SetImage& image) {
  if (image.is_referrer) return false;
  const auto below = set.graph().closure(image.digest());
  return std::ranges::any_of(
      below, [&](const Digest& digest) { return runnable_manifest(set.graph(), digest, {}) != nullptr; });
}

std::string docker_manifest(const ImageSet& set, const std::set<Digest>& left_out) {
  return DockerManifest(set, left_out).text();
}

}  // namespace ociferry

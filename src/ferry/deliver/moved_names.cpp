#include "ferry/deliver/moved_names.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "oci/runtime_name.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kLibrary = "library/";
constexpr std::size_t kNameDigits = 8;

/// No name has characters that YAML or TOML would escape between quotes.
std::string in_quotes(std::string_view text) { return text::cat("\"", text, "\""); }

std::string shown(const Reference& name) {
  return text::cat(to_string(name.name), name.tag ? ":" + *name.tag : "@" + name.digest->text());
}

std::string inexpressible(const Reference& from, const std::set<Reference>& to, std::string_view why) {
  return text::cat(shown(from), " -> ", shown(*to.begin()), ": ", why);
}

/// The repositories where an image is found by its old tag, or by digest if it had none.
std::set<RepositoryName> same_tag_places(const Reference& from, const std::set<Reference>& to) {
  std::set<RepositoryName> places;
  for (const Reference& name : to) {
    if (!from.tag || name.tag == from.tag) places.insert(name.name);
  }
  return places;
}

using Mirrors = std::map<std::string, std::set<std::string>>;

/// The mirrors of repositories, for images by tag or, if they have none, by digest.
Mirrors mirrors_by_tag(const MovedNames& moved, bool untagged, EmittedText& text) {
  Mirrors mirrors;
  for (const auto& [from, to] : moved) {
    if (!from.tag && !untagged) continue;
    const auto places = same_tag_places(from, to);
    if (places.empty()) text.inexpressible.push_back(inexpressible(from, to, "a mirror has the same tags"));
    for (const RepositoryName& place : places) mirrors[to_string(from.name)].insert(runtime_name(place));
  }
  return mirrors;
}

std::string mirror_set(std::string_view kind, std::string_view list, const Mirrors& mirrors) {
  std::string items;
  for (const auto& [source, places] : mirrors) {
    items += text::cat("  - source: ", in_quotes(source), "\n    mirrors:\n");
    for (const std::string& place : places) items += text::cat("    - ", in_quotes(place), "\n");
  }
  // The name follows from the content: a set of another import does not replace this one.
  return text::cat("apiVersion: config.openshift.io/v1\nkind: ", kind, "\nmetadata:\n  name: ociferry-",
                   sha256(items).hex().substr(0, kNameDigits), "\nspec:\n  ", list, ":", items.empty() ? " []" : "",
                   "\n", items);
}

/// What lies before `from` in the path of `to`; nullopt if it does not end with it.
std::optional<std::string> prefix_of(const std::string& to, const std::string& from) {
  if (to == from) return "";
  if (!to.ends_with("/" + from)) return std::nullopt;
  return to.substr(0, to.size() - from.size() - 1);
}

/// A registry whose name cannot be that of a directory would lead out of `directory`.
bool is_directory_name(const std::string& registry) { return registry.find_first_not_of('.') != std::string::npos; }

std::string hosts_toml(const std::string& registry, const std::set<std::string>& hosts) {
  const std::string server = registry == kDockerHub ? "registry-1.docker.io" : registry;
  std::string toml = text::cat("server = ", in_quotes("https://" + server), "\n");
  for (const std::string& host : hosts) {
    toml += text::cat("\n[host.", in_quotes("https://" + host), "]\n  capabilities = [\"pull\", \"resolve\"]\n",
                      "  override_path = true\n");
  }
  return toml;
}

/// What manifests may call a repository: kustomize compares text.
std::set<std::string> spellings(const RepositoryName& name) {
  std::set<std::string> all = {to_string(name)};
  if (name.registry != kDockerHub) return all;
  const std::string path =
      name.repository.starts_with(kLibrary) ? name.repository.substr(kLibrary.size()) : name.repository;
  all.insert({path, "docker.io/" + path, name.repository});
  return all;
}

}  // namespace

MovedNames moved_names(const std::vector<PlacedImage>& names) {
  MovedNames moved;
  for (const PlacedImage& image : names) {
    Reference from = image.from;
    from.name = runtime_repository(from.name);
    moved[from].insert(image.to);
  }
  return moved;
}

EmittedText containerd_hosts(const MovedNames& moved, const std::filesystem::path& directory) {
  EmittedText text;
  std::map<std::string, std::set<std::string>> hosts;
  for (const auto& [from, to] : moved) {
    std::set<std::string> ways;
    for (const RepositoryName& place : same_tag_places(from, to)) {
      const auto prefix = prefix_of(place.repository, from.name.repository);
      if (prefix) ways.insert(text::cat(place.registry, "/v2", prefix->empty() ? "" : "/", *prefix));
    }
    if (ways.empty() || !is_directory_name(from.name.registry)) {
      text.inexpressible.push_back(
          inexpressible(from, to, "containerd changes the registry and a prefix of paths, no more"));
    } else {
      hosts[from.name.registry].merge(ways);
    }
  }
  for (const auto& [registry, ways] : hosts) {
    text.files.emplace(directory / registry / "hosts.toml", hosts_toml(registry, ways));
  }
  return text;
}

EmittedText registries_conf(const MovedNames& moved, const std::filesystem::path& file) {
  EmittedText text;
  std::string toml;
  for (const auto& [source, places] : mirrors_by_tag(moved, true, text)) {
    toml += text::cat(toml.empty() ? "" : "\n", "[[registry]]\nprefix = ", in_quotes(source),
                      "\nlocation = ", in_quotes(source), "\n");
    for (const std::string& place : places)
      toml += text::cat("\n[[registry.mirror]]\nlocation = ", in_quotes(place), "\n");
  }
  text.files.emplace(file, std::move(toml));
  return text;
}

EmittedText digest_mirrors(const MovedNames& moved, const std::filesystem::path& file) {
  Mirrors mirrors;
  for (const auto& [from, to] : moved) {
    for (const Reference& name : to) mirrors[to_string(from.name)].insert(runtime_name(name.name));
  }
  return {.files = {{file, mirror_set("ImageDigestMirrorSet", "imageDigestMirrors", mirrors)}}};
}

EmittedText tag_mirrors(const MovedNames& moved, const std::filesystem::path& file) {
  EmittedText text;
  const Mirrors mirrors = mirrors_by_tag(moved, false, text);
  text.files.emplace(file, mirror_set("ImageTagMirrorSet", "imageTagMirrors", mirrors));
  return text;
}

EmittedText kustomization(const MovedNames& moved, const std::filesystem::path& file) {
  EmittedText text;
  std::map<RepositoryName, std::vector<MovedNames::const_iterator>> sources;
  for (auto name = moved.begin(); name != moved.end(); ++name) sources[name->first.name].push_back(name);
  std::string items;
  for (const auto& [source, names] : sources) {
    std::set<RepositoryName> places;
    std::set<Digest> digests;
    bool keeps_tags = true;
    for (const auto& name : names) {
      const auto same = same_tag_places(name->first, name->second);
      keeps_tags = keeps_tags && !same.empty();
      digests.insert(*name->first.digest);
      if (!same.empty()) places.insert(*same.begin());
      if (same.empty()) places.insert(name->second.begin()->name);
    }
    if (places.size() > 1 || (!keeps_tags && digests.size() > 1)) {
      for (const auto& name : names) {
        text.inexpressible.push_back(
            inexpressible(name->first, name->second, "kustomize has one new name for each old repository"));
      }
      continue;
    }
    for (const std::string& spelling : spellings(source)) {
      items +=
          text::cat("- name: ", in_quotes(spelling), "\n  newName: ", in_quotes(runtime_name(*places.begin())), "\n");
      if (!keeps_tags) items += text::cat("  digest: ", in_quotes(names.front()->second.begin()->digest->text()), "\n");
    }
  }
  text.files.emplace(file, text::cat("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:",
                                     items.empty() ? " []" : "", "\n", items));
  return text;
}

}  // namespace ociferry

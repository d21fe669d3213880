#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "bundle/document.hpp"
#include "bundle/yaml.hpp"
#include "bundle/yaml_writer.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kReading = "Unmarshaling image locations config";
constexpr std::string_view kChecking = "Validating image locations";
constexpr std::string_view kReleasedKind = "ImageLocations";
constexpr std::string_view kSeedKind = "ImagesLocation";
constexpr std::size_t kLongestRepository = 255;

/// The repository named by an entry. It becomes part of request paths, so it must be a valid repository path.
std::optional<std::string> repository_of(const YamlObject& entry) {
  std::string repository = entry.text("repository");
  if (repository.empty()) return std::nullopt;
  const auto refuse = [&] {
    return Error(ErrorCode::Hostile, text::cat(kChecking, ": '", repository.substr(0, kLongestRepository),
                                               "' is not the path of a repository"));
  };
  if (repository.size() > kLongestRepository) throw refuse();
  try {
    // Any registry serves the check; with a port it cannot be taken for a part of the path.
    if (parse_repository("registry:5000/" + repository).repository != repository) throw refuse();
  } catch (const Error&) {
    throw refuse();
  }
  return repository;
}

LocationEntry decode_entry(const Json& item, std::size_t index, std::string_view flag) {
  const YamlObject entry(item, text::cat(kReading, ": images[", index, "]"));
  return {parse_file_reference(entry.text("image"), kChecking), entry.boolean(flag), repository_of(entry)};
}

const Digest& digest_of(const Reference& reference) {
  if (reference.digest) return *reference.digest;
  throw Error(ErrorCode::Internal, text::cat("'", to_string(reference), "' in an images lock has no digest"));
}

}  // namespace

Locations make_locations(const ImagesLock& lock, const std::function<bool(const Digest&)>& is_bundle) {
  std::map<Digest, const Reference*> smallest;
  for (const ImageRef& ref : lock.images) {
    const auto [found, is_new] = smallest.emplace(digest_of(ref.image), &ref.image);
    if (!is_new && to_string(ref.image) < to_string(*found->second)) found->second = &ref.image;
  }
  std::map<std::string, const Reference*> sorted;
  for (const auto& [digest, reference] : smallest) sorted.emplace(to_string(*reference), reference);
  Locations locations;
  for (const auto& [text, reference] : sorted) {
    locations.entries.push_back({*reference, is_bundle(*reference->digest)});
  }
  return locations;
}

std::string to_imgpkg_yaml(const Locations& locations) {
  Json images;
  if (!locations.entries.empty()) {
    Json::Array entries;
    for (const LocationEntry& entry : locations.entries) {
      entries.push_back(Json::Object{{"image", to_string(entry.image)}, {"isBundle", entry.is_bundle}});
    }
    images = std::move(entries);
  }
  return write_document(kReleasedKind, {{"images", std::move(images)}});
}

std::string to_seed_yaml(const Locations& locations) {
  std::string out = text::cat("apiVersion: ", kApiVersion, "\nkind: ", kSeedKind, "\nimages:");
  out += locations.entries.empty() ? " []\n" : "\n";
  for (const LocationEntry& entry : locations.entries) {
    out += text::cat("  - image: ", yaml_text(to_string(entry.image)), "\n");
    if (entry.repository) out += text::cat("    repository: ", yaml_text(*entry.repository), "\n");
    out += text::cat("    bundle: ", entry.is_bundle ? "true" : "false", "\n");
  }
  return out;
}

Locations parse_locations(std::string_view yaml) {
  const Json json = parse_yaml(yaml, kReading, RepeatedKeys::LastCounts);
  const YamlObject document(json, std::string(kReading));
  const std::string kind = check_header(document, {kReleasedKind, kSeedKind}, kChecking);
  const std::string_view flag = kind == kSeedKind ? "bundle" : "isBundle";
  Locations locations;
  for (const Json& item : document.list("images")) {
    locations.entries.push_back(decode_entry(item, locations.entries.size(), flag));
  }
  return locations;
}

bool fits(const Locations& locations, const ImagesLock& lock) {
  std::set<Digest> wanted;
  std::set<std::string> names;
  for (const ImageRef& ref : lock.images) {
    wanted.insert(digest_of(ref.image));
    names.insert(to_string(ref.image));
  }
  std::set<Digest> found;
  for (const LocationEntry& entry : locations.entries) {
    if (!names.contains(to_string(entry.image))) return false;
    found.insert(digest_of(entry.image));
  }
  return found == wanted;
}

}  // namespace ociferry

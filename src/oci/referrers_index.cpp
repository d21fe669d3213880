#include "oci/referrers_index.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// The artifact type for the list: the manifest's own, else the media type of its configuration.
std::string listed_type(const std::variant<Manifest, ImageIndex>& parsed) {
  if (const auto* index = std::get_if<ImageIndex>(&parsed)) return index->artifact_type;
  const auto& manifest = std::get<Manifest>(parsed);
  const std::string config = manifest.config ? manifest.config->media_type : std::string();
  return manifest.artifact_type.empty() ? config : manifest.artifact_type;
}

Json entry_of(const RawManifest& referrer) {
  const auto parsed = parse_manifest(referrer.bytes, referrer.descriptor.media_type);
  Json::Object entry{{"mediaType", referrer.descriptor.media_type},
                     {"digest", referrer.descriptor.digest.text()},
                     {"size", referrer.descriptor.size}};
  const auto& annotations = std::visit(
      [](const auto& manifest) -> const auto& { return manifest.annotations; }, parsed);
  if (!annotations.empty()) {
    Json::Object members;
    for (const auto& [key, value] : annotations) members.emplace_back(key, value);
    entry.emplace_back("annotations", std::move(members));
  }
  if (std::string type = listed_type(parsed); !type.empty()) entry.emplace_back("artifactType", std::move(type));
  return entry;
}

/// The members of the index without its list, and the entries of the list by digest.
struct Listing {
  Json::Object members = {{"schemaVersion", 2}, {"mediaType", std::string(media_type::kOciIndex)}};
  std::map<std::string, Json> entries = {};
};

Listing read(const RawManifest& current) {
  Listing listing;
  try {
    const auto parsed = parse_manifest(current.bytes, current.descriptor.media_type);
    const auto* index = std::get_if<ImageIndex>(&parsed);
    if (index == nullptr || index->media_type != media_type::kOciIndex) throw Error(ErrorCode::Hostile, "no OCI index");
  } catch (const Error& error) {
    throw Error(ErrorCode::Refused, text::cat("its list of referrers is malformed: ", error.message()));
  }
  const Json body = Json::parse_leniently(current.bytes, "list of referrers");
  for (const auto& [key, value] : *body.as_object()) {
    if (key == "manifests") {
      if (value.as_array() == nullptr) continue;  // null
      for (const Json& entry : *value.as_array()) listing.entries.emplace(entry.string_at("digest"), entry);
    } else if (key != "schemaVersion" && key != "mediaType") {
      listing.members.emplace_back(key, value);
    }
  }
  return listing;
}

}  // namespace

std::optional<std::string> add_referrer(const RawManifest* current, const RawManifest& referrer) {
  Listing listing = current == nullptr ? Listing{} : read(*current);
  if (!listing.entries.emplace(referrer.descriptor.digest.text(), entry_of(referrer)).second) return std::nullopt;
  Json::Array manifests;
  for (auto& [digest, entry] : listing.entries) manifests.push_back(std::move(entry));
  Json::Object index = std::move(listing.members);
  index.emplace(index.begin() + 2, "manifests", std::move(manifests));
  std::string bytes = Json(std::move(index)).dump();
  if (bytes.size() > limits::kManifestBytes) {
    throw Error(ErrorCode::Refused, text::cat("an image has too many referrers: their list would have ", bytes.size(),
                                              " bytes, but registries accept ", limits::kManifestBytes));
  }
  return bytes;
}

}  // namespace ociferry

#include "oci/manifest.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "oci/manifest_type.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kDigestShown = 150;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorCode::Hostile, text::cat("malformed manifest: ", why));
}

const Json& member(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  if (value == nullptr) refuse(text::cat("\"", key, "\" is missing"));
  return *value;
}

std::string optional_string(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->as_string() == nullptr) refuse(text::cat("\"", key, "\" is not a string"));
  return *value->as_string();
}

/// The key in lower case, as Go's decoder compares it: U+017F equals s, and U+212A equals k.
std::string folded(std::string_view key) {
  std::string out = text::lower(key);
  for (const auto& [other, letter] : {std::pair<std::string_view, char>{"\u017F", 's'}, {"\u212A", 'k'}}) {
    for (auto at = out.find(other); at != std::string::npos; at = out.find(other)) {
      out.replace(at, other.size(), 1, letter);
    }
  }
  return out;
}

/// The one of `keys` that some reader takes `key` for, or `keys.end()`.
const std::string_view* read_as(std::string_view key, std::initializer_list<std::string_view> keys) {
  if (const auto* same = std::ranges::find(keys, key); same != keys.end()) return same;
  const std::string read = folded(key);
  return std::ranges::find_if(keys, [&](std::string_view one) { return text::lower(one) == read; });
}

/// Throws unless each of `keys` occurs at most once and in this spelling, so that all readers see the same blobs. Other
/// keys are ignored.
void check_keys(const Json& json, std::initializer_list<std::string_view> keys) {
  if (json.as_object() == nullptr) return;
  std::set<std::string_view> seen;
  for (const auto& [key, ignored] : *json.as_object()) {
    const std::string_view* const known = read_as(key, keys);
    if (known == keys.end()) continue;
    if (key != *known) refuse(text::cat("the key \"", key, "\" is \"", *known, "\" to some readers"));
    if (!seen.insert(*known).second) refuse(text::cat("the key \"", key, "\" occurs twice"));
  }
}

/// The string values of an object; others are ignored.
std::map<std::string, std::string> string_map(const Json* json) {
  std::map<std::string, std::string> map;
  if (json == nullptr || json->as_object() == nullptr) return map;
  for (const auto& [key, value] : *json->as_object()) {
    if (value.as_string() != nullptr) map[key] = *value.as_string();
  }
  return map;
}

Platform parse_platform(const Json& json) {
  return {.os = json.string_at("os"),
          .architecture = json.string_at("architecture"),
          .variant = json.string_at("variant"),
          .os_version = json.string_at("os.version")};
}

std::vector<std::string> parse_urls(const Json& json) {
  std::vector<std::string> urls;
  const Json* const list = json.find("urls");
  if (list == nullptr || list->as_array() == nullptr) return urls;
  for (const Json& url : *list->as_array()) {
    if (url.as_string() != nullptr) urls.push_back(*url.as_string());
  }
  return urls;
}

Descriptor parse_descriptor(const Json& json) {
  check_keys(json, {"mediaType", "digest", "size", "urls"});
  const auto* size = member(json, "size").as_int();
  if (size == nullptr || *size < 0) refuse("a descriptor's size is not a whole number from 0 on");
  const auto digest = Digest::try_parse(json.string_at("digest"));
  if (!digest) {
    refuse(text::cat("a descriptor's digest is not sha256 or sha512 and its hex digits: '",
                     text::printable(json.string_at("digest"), kDigestShown), "'"));
  }
  Descriptor descriptor{.media_type = optional_string(json, "mediaType"),
                        .digest = *digest,
                        .size = static_cast<std::uint64_t>(*size),
                        .annotations = string_map(json.find("annotations")),
                        .urls = parse_urls(json)};
  if (const Json* platform = json.find("platform"); platform != nullptr && platform->as_object() != nullptr) {
    descriptor.platform = std::make_shared<const Platform>(parse_platform(*platform));
  }
  return descriptor;
}

/// The subject of a manifest; nullopt if absent or without a digest.
std::optional<Descriptor> parse_subject(const Json& body) {
  const Json* const subject = body.find("subject");
  if (subject == nullptr) return std::nullopt;
  const auto digest = Digest::try_parse(subject->string_at("digest"));
  if (!digest) return std::nullopt;
  const Json* const size = subject->find("size");
  const std::int64_t* const bytes = size == nullptr ? nullptr : size->as_int();
  return Descriptor{.media_type = subject->string_at("mediaType"),
                    .digest = *digest,
                    .size = bytes == nullptr || *bytes < 0 ? 0 : static_cast<std::uint64_t>(*bytes)};
}

/// An absent list, or null, is empty.
std::vector<Descriptor> parse_descriptors(const Json* list, std::string_view key) {
  std::vector<Descriptor> descriptors;
  if (list == nullptr || list->is_null()) return descriptors;
  if (list->as_array() == nullptr) refuse(text::cat("\"", key, "\" is not an array"));
  for (const Json& item : *list->as_array()) descriptors.push_back(parse_descriptor(item));
  return descriptors;
}

bool is_second_schema(const Json& body) {
  const Json* const version = body.find("schemaVersion");
  return version != nullptr && version->as_int() != nullptr && *version->as_int() == 2;
}

/// True if a manifest without media type is an index or an image to every reader.
bool has_known_form(const Json& body) {
  if (!is_second_schema(body)) return false;
  const Json* const config = body.find("config");
  return body.find("manifests") != nullptr || (config != nullptr && config->as_object() != nullptr);
}

/// The media type by the manifest's bytes. Throws if `given` says index for an image or the reverse: readers that trust
/// it would see something else. Any other `given` type is used only if the bytes have the same or none.
std::string agreed_media_type(const Json& body, std::string_view given) {
  const std::string own = optional_string(body, "mediaType");
  const bool is_foreign = !given.empty() && !media_type::is_index(given) && !media_type::is_manifest(given);
  if (is_foreign && (own == given || (own.empty() && !has_known_form(body)))) return std::string(given);
  std::string type = manifest_type(body, given.empty() || is_foreign ? media_type::kOciManifest : given);
  const bool is_same_kind = is_foreign || media_type::is_index(type) == media_type::is_index(given);
  const bool is_known = media_type::is_index(type) || media_type::is_manifest(type);
  if (given.empty() || (is_same_kind && is_known)) return type;
  refuse(text::cat("it is ", type, " but was served or listed as ", given));
}

void refuse_schema_1(const Json& body, std::string_view given) {
  if (body.find("fsLayers") == nullptr && !media_type::is_schema_1(given)) return;
  throw Error(ErrorCode::Hostile, "the image uses Docker's schema 1, which no longer carries its own digest")
      .hint("push the image again with a current tool");
}

/// For an unknown type, decides by content whether it has layers.
Manifest parse_image(const Json& body, std::string type) {
  Manifest manifest{.media_type = std::move(type), .layers = parse_descriptors(body.find("layers"), "layers")};
  if (manifest.media_type == media_type::kOciArtifact) {
    manifest.layers = parse_descriptors(body.find("blobs"), "blobs");
  } else if (media_type::is_manifest(manifest.media_type)) {
    manifest.config = parse_descriptor(member(body, "config"));
  } else if (const Json* config = body.find("config"); config != nullptr && config->as_object() != nullptr) {
    manifest.config = parse_descriptor(*config);
  }
  return manifest;
}

}  // namespace

std::variant<Manifest, ImageIndex> parse_manifest(std::string_view bytes, std::string_view given) {
  if (bytes.size() > limits::kManifestBytes) {
    refuse(text::cat("larger than the ", limits::kManifestBytes, " bytes that registries accept"));
  }
  const Json body = Json::parse_leniently(bytes, "malformed manifest");
  if (body.as_object() == nullptr) refuse("not a JSON object");
  check_keys(body, {"schemaVersion", "mediaType", "config", "layers", "blobs", "manifests", "fsLayers", "subject"});
  refuse_schema_1(body, given);
  if (body.find("manifests") != nullptr && (body.find("layers") != nullptr || body.find("config") != nullptr)) {
    refuse("it is both an index and an image manifest");
  }
  std::string type = agreed_media_type(body, given);
  const bool is_known = media_type::is_manifest(type) || media_type::is_index(type);
  if (is_known && type != media_type::kOciArtifact && !is_second_schema(body)) refuse("its schema version is not 2");
  std::optional<Descriptor> subject = parse_subject(body);
  std::string artifact_type = body.string_at("artifactType");
  auto annotations = string_map(body.find("annotations"));
  if (media_type::is_index(type) || (!is_known && body.find("manifests") != nullptr)) {
    if (body.find("manifests") == nullptr) refuse("\"manifests\" is missing");
    return ImageIndex{.media_type = std::move(type),
                      .manifests = parse_descriptors(body.find("manifests"), "manifests"),
                      .subject = std::move(subject),
                      .artifact_type = std::move(artifact_type),
                      .annotations = std::move(annotations)};
  }
  Manifest manifest = parse_image(body, std::move(type));
  manifest.subject = std::move(subject);
  manifest.artifact_type = std::move(artifact_type);
  manifest.annotations = std::move(annotations);
  return manifest;
}

const Descriptor* subject_of(const std::variant<Manifest, ImageIndex>& parsed) noexcept {
  return std::visit([](const auto& manifest) { return manifest.subject ? &*manifest.subject : nullptr; }, parsed);
}

ImageIndex parse_image_index(std::string_view bytes, std::string_view what) {
  const Json body = Json::parse_leniently(bytes, what);
  check_keys(body, {"manifests"});
  if (body.find("manifests") == nullptr) throw Error(ErrorCode::Hostile, text::cat(what, ": \"manifests\" is missing"));
  return {.media_type = std::string(media_type::kOciIndex),
          .manifests = parse_descriptors(body.find("manifests"), "manifests")};
}

}  // namespace ociferry

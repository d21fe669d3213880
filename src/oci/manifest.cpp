#include "ociferry/manifest.hpp"

#include <utility>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/manifest_type.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

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

std::map<std::string, std::string> string_map(const Json* json, std::string_view what) {
  std::map<std::string, std::string> map;
  if (json == nullptr || json->is_null()) return map;
  if (json->as_object() == nullptr) refuse(text::cat("\"", what, "\" is not an object"));
  for (const auto& [key, value] : *json->as_object()) {
    if (value.as_string() == nullptr) refuse(text::cat("a value in \"", what, "\" is not a string"));
    map[key] = *value.as_string();
  }
  return map;
}

Platform parse_platform(const Json& json) {
  return {.os = optional_string(json, "os"),
          .architecture = optional_string(json, "architecture"),
          .variant = optional_string(json, "variant"),
          .os_version = optional_string(json, "os.version")};
}

std::vector<std::string> parse_urls(const Json& json) {
  std::vector<std::string> urls;
  const Json* const list = json.find("urls");
  if (list == nullptr || list->is_null()) return urls;
  if (list->as_array() == nullptr) refuse("\"urls\" is not an array");
  for (const Json& url : *list->as_array()) {
    if (url.as_string() == nullptr) refuse("one of the \"urls\" is not a string");
    urls.push_back(*url.as_string());
  }
  return urls;
}

Descriptor parse_descriptor(const Json& json) {
  const auto* size = member(json, "size").as_int();
  if (size == nullptr || *size < 0) refuse("a descriptor's size is not a whole number from 0 on");
  const auto digest = Digest::try_parse(json.string_at("digest"));
  if (!digest) refuse("a descriptor's digest is malformed");
  Descriptor descriptor{.media_type = optional_string(json, "mediaType"),
                        .digest = *digest,
                        .size = static_cast<std::uint64_t>(*size),
                        .annotations = string_map(json.find("annotations"), "annotations"),
                        .urls = parse_urls(json)};
  if (descriptor.media_type.empty()) refuse("a descriptor has no media type");
  if (const Json* platform = json.find("platform"); platform != nullptr && !platform->is_null()) {
    descriptor.platform = std::make_shared<const Platform>(parse_platform(*platform));
  }
  return descriptor;
}

std::optional<Descriptor> parse_subject(const Json& body) {
  const Json* const subject = body.find("subject");
  if (subject == nullptr || subject->is_null()) return std::nullopt;
  return parse_descriptor(*subject);
}

std::vector<Descriptor> parse_descriptors(const Json& json, std::string_view key) {
  std::vector<Descriptor> descriptors;
  const Json& list = member(json, key);
  if (list.is_null()) return descriptors;
  if (list.as_array() == nullptr) refuse(text::cat("\"", key, "\" is not an array"));
  for (const Json& item : *list.as_array()) descriptors.push_back(parse_descriptor(item));
  return descriptors;
}

/// What the manifest is by its bytes. A `given` type of the other kind, image or index, is refused: readers that
/// believe it would see something else.
std::string agreed_media_type(const Json& body, std::string_view given) {
  static_cast<void>(optional_string(body, "mediaType"));
  std::string type = manifest_type(body, given.empty() ? media_type::kOciManifest : given);
  const bool is_same_kind = media_type::is_index(type) == media_type::is_index(given);
  const bool is_known = media_type::is_index(type) || media_type::is_manifest(type);
  if (given.empty() || (is_same_kind && is_known)) return type;
  refuse(text::cat("it says to be ", type, " but came as ", given));
}

}  // namespace

std::variant<Manifest, ImageIndex> parse_manifest(std::string_view bytes, std::string_view given) {
  if (bytes.size() > limits::kManifestBytes) {
    refuse(text::cat("larger than the ", limits::kManifestBytes, " bytes that registries accept"));
  }
  const Json body = Json::parse(bytes, "malformed manifest");
  if (body.as_object() == nullptr) refuse("not a JSON object");
  if (body.find("fsLayers") != nullptr || given.starts_with("application/vnd.docker.distribution.manifest.v1+")) {
    throw Error(ErrorCode::Hostile, "the image uses Docker's schema 1, which no longer carries its own digest")
        .hint("push the image again with a tool of this decade");
  }
  const auto* version = member(body, "schemaVersion").as_int();
  if (version == nullptr || *version != 2) refuse("its schema version is not 2");
  if (body.find("manifests") != nullptr && (body.find("layers") != nullptr || body.find("config") != nullptr)) {
    refuse("it is both an index and an image manifest");
  }
  std::string type = agreed_media_type(body, given);
  std::optional<Descriptor> subject = parse_subject(body);
  std::string artifact_type = optional_string(body, "artifactType");
  auto annotations = string_map(body.find("annotations"), "annotations");
  if (media_type::is_index(type)) {
    return ImageIndex{.media_type = std::move(type),
                      .manifests = parse_descriptors(body, "manifests"),
                      .subject = std::move(subject),
                      .artifact_type = std::move(artifact_type),
                      .annotations = std::move(annotations)};
  }
  if (!media_type::is_manifest(type)) refuse(text::cat("unknown media type ", type));
  return Manifest{.media_type = std::move(type),
                  .config = parse_descriptor(member(body, "config")),
                  .layers = parse_descriptors(body, "layers"),
                  .subject = std::move(subject),
                  .artifact_type = std::move(artifact_type),
                  .annotations = std::move(annotations)};
}

const Descriptor* subject_of(const std::variant<Manifest, ImageIndex>& parsed) noexcept {
  return std::visit([](const auto& manifest) { return manifest.subject ? &*manifest.subject : nullptr; }, parsed);
}

ImageIndex parse_image_index(std::string_view bytes, std::string_view what) {
  const Json body = Json::parse(bytes, what);
  return {.media_type = std::string(media_type::kOciIndex), .manifests = parse_descriptors(body, "manifests")};
}

ImageConfig parse_image_config(std::string_view bytes) {
  if (bytes.size() > limits::kConfigBytes) {
    throw Error(ErrorCode::Hostile, text::cat("image configuration larger than ", limits::kConfigBytes, " bytes"));
  }
  const Json body = Json::parse(bytes, "malformed image configuration");
  ImageConfig config{.platform = parse_platform(body), .labels = {}};
  if (const Json* inner = body.find("config")) config.labels = string_map(inner->find("Labels"), "Labels");
  return config;
}

}  // namespace ociferry

#include "archive/single_layer_image.hpp"

#include "oci/json.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

std::string config_bytes(const Digest& diff_id, const std::map<std::string, std::string>& labels) {
  Json::Object sorted_labels;
  for (const auto& [key, value] : labels) sorted_labels.emplace_back(key, value);
  Json::Object settings;
  if (!sorted_labels.empty()) settings.emplace_back("Labels", std::move(sorted_labels));
  const Json history = Json::Object{{"author", "imgpkg"}, {"created", kNoTime}, {"created_by", "imgpkg"}};
  const Json rootfs = Json::Object{{"type", "layers"}, {"diff_ids", Json::Array{diff_id.text()}}};
  return Json(Json::Object{{"architecture", ""},
                           {"created", kNoTime},
                           {"history", Json::Array{history}},
                           {"os", ""},
                           {"rootfs", rootfs},
                           {"config", std::move(settings)}})
      .dump();
}

Json descriptor_json(const Descriptor& descriptor) {
  return Json::Object{
      {"mediaType", descriptor.media_type}, {"size", descriptor.size}, {"digest", descriptor.digest.text()}};
}

Descriptor describe(std::string_view media_type, std::string_view bytes) {
  return {.media_type = std::string(media_type), .digest = sha256(bytes), .size = bytes.size()};
}

}  // namespace

RawManifest make_image_manifest(const Descriptor& config, const std::vector<Descriptor>& layers, ImageFamily family) {
  const std::string_view type = family == ImageFamily::Docker ? media_type::kDockerManifest : media_type::kOciManifest;
  Json::Array described;
  for (const Descriptor& layer : layers) described.push_back(descriptor_json(layer));
  std::string bytes = Json(Json::Object{{"schemaVersion", 2},
                                        {"mediaType", type},
                                        {"config", descriptor_json(config)},
                                        {"layers", std::move(described)}})
                          .dump();
  Descriptor descriptor = describe(type, bytes);
  return {.descriptor = std::move(descriptor), .bytes = std::move(bytes)};
}

SingleLayerImage make_single_layer_image(const Digest& diff_id, const Descriptor& layer,
                                         const std::map<std::string, std::string>& labels, ImageFamily family) {
  const bool docker = family == ImageFamily::Docker;
  std::string config = config_bytes(diff_id, labels);
  Descriptor config_descriptor = describe(docker ? media_type::kDockerConfig : media_type::kOciConfig, config);
  RawManifest manifest = make_image_manifest(config_descriptor, {layer}, family);
  return {
      .config = std::move(config), .config_descriptor = std::move(config_descriptor), .manifest = std::move(manifest)};
}

}  // namespace ociferry

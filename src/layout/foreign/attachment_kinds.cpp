#include "layout/foreign/attachment_kinds.hpp"

#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";

/// {"critical":{"image":{"docker-manifest-digest":"sha256:..."}}}
std::optional<Digest> image_in_payload(const std::string& payload, const Digest& blob) {
  const Json parsed = Json::parse(payload, blob.text());
  const Json* critical = parsed.find("critical");
  const Json* image = critical == nullptr ? nullptr : critical->find("image");
  return image == nullptr ? std::nullopt : Digest::try_parse(image->string_at("docker-manifest-digest"));
}

}  // namespace

std::optional<std::string> attached_kind(const Descriptor& entry) {
  const auto found = entry.annotations.find("kind");
  if (found == entry.annotations.end()) return std::nullopt;
  std::string_view kind = found->second;
  for (const std::string_view writer : {"dev.cosignproject.cosign/", "dev.hauler/"}) {
    if (!kind.starts_with(writer)) continue;
    kind.remove_prefix(writer.size());
    if (kind == "sigs") return "sig";
    if (kind == "atts") return "att";
    if (kind == "sboms") return "sbom";
    if (kind.starts_with("referrers/")) return "";
  }
  return std::nullopt;
}

std::optional<Digest> signed_image(const Digest& signature, const SmallBlobs& blobs) {
  const auto manifest = blobs(signature);
  if (!manifest) return std::nullopt;
  const Json parsed = Json::parse(*manifest, signature.text());
  const Json* layers = parsed.find("layers");
  if (layers == nullptr || layers->as_array() == nullptr) return std::nullopt;
  for (const Json& layer : *layers->as_array()) {
    if (layer.string_at("mediaType") != kSimpleSigning) continue;
    const auto blob = Digest::try_parse(layer.string_at("digest"));
    const auto payload = blob ? blobs(*blob) : std::nullopt;
    if (payload) return image_in_payload(*payload, *blob);
  }
  return std::nullopt;
}

}  // namespace ociferry

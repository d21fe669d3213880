#include "ferry/set/attachment_kind.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "oci/tag_names.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

namespace {

/// A word in a media type, and the kind that it implies.
struct KindWord {
  std::string_view word;
  std::string_view kind;
};
constexpr std::array<KindWord, 10> kKindWords = {{{"cosign.simplesigning", "signature"},
                                                  {"cosign.artifact.sig", "signature"},
                                                  {"cncf.notary.signature", "signature"},
                                                  {"in-toto", "attestation"},
                                                  {"dsse.envelope", "attestation"},
                                                  {"slsa", "attestation"},
                                                  {"spdx", "sbom"},
                                                  {"cyclonedx", "sbom"},
                                                  {"syft", "sbom"},
                                                  {"cosign.artifact.sbom", "sbom"}}};

std::string_view kind_of_type(std::string_view media_type) {
  const auto found = std::ranges::find_if(
      kKindWords, [&](const KindWord& one) { return media_type.find(one.word) != std::string_view::npos; });
  return found == kKindWords.end() ? std::string_view{} : found->kind;
}

std::string_view kind_of_tag(std::string_view tag) {
  if (!attachment_subject(tag)) return {};
  if (tag.ends_with(".sig")) return "signature";
  return tag.ends_with(".att") ? "attestation" : "sbom";
}

/// A Sigstore bundle holds a signature or an attestation, according to its annotations.
std::string_view kind_of_bundle(const std::map<std::string, std::string>& annotations) {
  const auto predicate = annotations.find("dev.sigstore.bundle.predicateType");
  const bool attests = predicate != annotations.end() && predicate->second != "https://sigstore.dev/cosign/sign/v1";
  return attests ? "attestation" : "signature";
}

std::string kind_of_manifest(const Manifest& manifest) {
  if (manifest.artifact_type.starts_with("application/vnd.dev.sigstore.bundle")) {
    return std::string(kind_of_bundle(manifest.annotations));
  }
  std::vector<std::string> types{manifest.artifact_type};
  if (manifest.config) types.push_back(manifest.config->media_type);
  if (!manifest.layers.empty()) types.push_back(manifest.layers.front().media_type);
  for (const std::string& type : types) {
    if (const auto kind = kind_of_type(type); !kind.empty()) return std::string(kind);
  }
  return manifest.artifact_type;
}

}  // namespace

std::string attachment_kind(const std::set<std::string>& tags, const std::variant<Manifest, ImageIndex>& parsed) {
  for (const std::string& tag : tags) {
    if (const auto kind = kind_of_tag(tag); !kind.empty()) return std::string(kind);
  }
  if (const auto* manifest = std::get_if<Manifest>(&parsed)) return kind_of_manifest(*manifest);
  const std::string& type = std::get<ImageIndex>(parsed).artifact_type;
  const auto kind = kind_of_type(type);
  return kind.empty() ? type : std::string(kind);
}

}  // namespace ociferry

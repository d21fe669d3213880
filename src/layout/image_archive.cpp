#include "layout/image_archive.hpp"

#include <algorithm>

#include "ociferry/error.hpp"
#include "ociferry/manifest.hpp"

namespace ociferry {

namespace {

/// What a manifest refers to; empty also for what is none, although it may be called one.
std::vector<Descriptor> references_of(const RawManifest& raw, std::string_view media_type) {
  try {
    const auto parsed = parse_manifest(raw.bytes, media_type);
    if (const auto* index = std::get_if<ImageIndex>(&parsed)) return index->manifests;
    const auto& manifest = std::get<Manifest>(parsed);
    std::vector<Descriptor> references = manifest.layers;
    if (manifest.config) references.push_back(*manifest.config);
    return references;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
    return {};
  }
}

}  // namespace

bool ImageArchive::is_blob(const Descriptor& content) {
  const auto size = size_of(content.digest);
  if (!size) return false;
  if (*size > limits::kManifestBytes || media_type::is_tar_layer(content.media_type)) return true;
  std::optional<RawManifest> raw;
  try {
    raw = manifest(content.digest.text());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
    return true;  // no JSON
  }
  if (!raw) return true;
  const auto references = references_of(*raw, content.media_type);
  return references.empty() || std::ranges::any_of(references, [this](const Descriptor& blob) {
           return !media_type::is_nondistributable(blob.media_type) && !size_of(blob.digest);
         });
}

}  // namespace ociferry

#include "layout/image_archive.hpp"

#include <algorithm>

#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Parses `raw` as a manifest; nullopt if it is not one, whatever its media type says.
std::optional<std::variant<Manifest, ImageIndex>> try_parse(const RawManifest& raw, std::string_view media_type) {
  try {
    return parse_manifest(raw.bytes, media_type);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
    return std::nullopt;
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
    return true;  // not JSON
  }
  if (!raw) return true;
  const auto parsed = try_parse(*raw, content.media_type);
  if (!parsed) return true;
  // What a delta leaves out is as good as here: it must be read as the full archive is.
  const auto is_here = [this](const Descriptor& part) {
    return size_of(part.digest).has_value() || leaves_out(part.digest);
  };
  if (const auto* index = std::get_if<ImageIndex>(&*parsed)) {  // children may be absent
    return !index->manifests.empty() && std::ranges::none_of(index->manifests, is_here);
  }
  const auto& manifest = std::get<Manifest>(*parsed);
  std::vector<Descriptor> parts = manifest.layers;
  if (manifest.config) parts.push_back(*manifest.config);
  return parts.empty() || !std::ranges::all_of(parts, [&](const Descriptor& part) {
           return media_type::is_nondistributable(part.media_type) || is_here(part);
         });
}

}  // namespace ociferry

#pragma once

#include <optional>
#include <stop_token>

#include "bundle/bundle.hpp"
#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/progress.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

/// The configuration of an image; nullopt if it is of another type, larger than limits::kConfigBytes, or cannot be
/// parsed: such an image is transferred without inspection. Blocks on `source`.
[[nodiscard]] std::optional<ImageConfig> read_image_config(CachingSource& source, const Manifest& manifest,
                                                           const std::stop_token& stop);

/// True if it is an image whose configuration carries imgpkg's bundle label. Fetches the configuration.
[[nodiscard]] bool is_bundle(CachingSource& source, const std::variant<Manifest, ImageIndex>& parsed,
                             const std::stop_token& stop);

/// The ImagesLock inside a bundle's layers; each layer read is checked against its digest.
/// Throws Error{Hostile} if there is none, or it is not valid, or a layer passes `limits`.
[[nodiscard]] ImagesLock read_images_lock(CachingSource& source, const ParsedManifest& bundle,
                                          const UnpackLimits& limits, const std::stop_token& stop);

/// A locations image and its content.
struct FoundLocations {
  RawManifest image;
  std::optional<Locations> content = {};  ///< absent if it cannot be trusted
};

/// The locations image of `bundle` in its repository, if there is one. It is only a cache: if it is malformed, does
/// not match `lock`, or is not readable for us, it counts as absent, with a warning. Throws Error for any other
/// failure.
[[nodiscard]] std::optional<FoundLocations> find_locations_image(CachingSource& repository, const Reference& bundle,
                                                                 const ImagesLock& lock, Progress& progress,
                                                                 const std::stop_token& stop);
/// The same, without the image.
[[nodiscard]] std::optional<Locations> find_locations(CachingSource& repository, const Reference& bundle,
                                                      const ImagesLock& lock, Progress& progress,
                                                      const std::stop_token& stop);

/// The files at the root of a locations image's one layer, by name. Throws Error{Hostile} if it is not of that form.
[[nodiscard]] std::map<std::string, std::string> read_locations_files(CachingSource& source,
                                                                      const ParsedManifest& image,
                                                                      const std::stop_token& stop);

}  // namespace ociferry

#pragma once

#include <optional>
#include <stop_token>
#include <vector>

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

/// The platform of an image by its configuration if it is none of `wanted`. Blocks on `source`.
[[nodiscard]] std::optional<Platform> other_platform(CachingSource& source, const Manifest& manifest,
                                                     const std::vector<Platform>& wanted, const std::stop_token& stop);

/// True for an image whose configuration has imgpkg's bundle label. Fetches the configuration.
[[nodiscard]] bool is_bundle(CachingSource& source, const std::variant<Manifest, ImageIndex>& parsed,
                             const std::stop_token& stop);

/// The ImagesLock in a bundle's layers, which are verified by digest. Throws Error{Hostile} if there is none, it is
/// invalid, or a layer exceeds `limits`.
[[nodiscard]] ImagesLock read_images_lock(CachingSource& source, const ParsedManifest& bundle,
                                          const UnpackLimits& limits, const std::stop_token& stop);

/// A locations image and its content.
struct FoundLocations {
  RawManifest image;
  std::optional<Locations> content = {};  ///< absent if it cannot be trusted
};

/// The locations image of `bundle` in its repository, if any. It is only a cache: if it is malformed, does not match
/// `lock`, or may not be read, it is ignored with a warning. Throws Error for any other failure.
[[nodiscard]] std::optional<FoundLocations> find_locations_image(CachingSource& repository, const Reference& bundle,
                                                                 const ImagesLock& lock, Progress& progress,
                                                                 const std::stop_token& stop);
/// The content of that locations image.
[[nodiscard]] std::optional<Locations> find_locations(CachingSource& repository, const Reference& bundle,
                                                      const ImagesLock& lock, Progress& progress,
                                                      const std::stop_token& stop);

/// The files in the only layer of a locations image, by name. Throws Error{Hostile} if it has another form.
[[nodiscard]] std::map<std::string, std::string> read_locations_files(CachingSource& source,
                                                                      const ParsedManifest& image,
                                                                      const std::stop_token& stop);

}  // namespace ociferry

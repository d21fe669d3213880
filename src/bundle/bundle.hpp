#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/manifest.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The label in an image's configuration that makes the image a bundle; its value means nothing.
inline constexpr std::string_view kBundleLabel = "dev.carvel.imgpkg.bundle";
/// Where a bundle keeps its ImagesLock, relative to its root.
inline constexpr std::string_view kImagesLockPath = ".imgpkg/images.yml";

/// True if the image with this configuration, as JSON, is a bundle. False for what cannot be parsed.
[[nodiscard]] bool is_bundle_config(std::string_view config);

/// One image that a bundle needs.
struct ImageRef {
  Reference image = {};  ///< fully qualified, by digest and without tag
  std::map<std::string, std::string> annotations = {};

  friend bool operator==(const ImageRef&, const ImageRef&) = default;
};

/// The images a bundle needs, in the order of the file (`.imgpkg/images.yml`, kind ImagesLock).
/// The same image may be listed more than once.
struct ImagesLock {
  std::vector<ImageRef> images = {};

  /// Reads YAML or JSON. Unknown and repeated keys, aliases and tags are refused, as are references without a digest.
  /// Throws Error{Hostile}.
  [[nodiscard]] static ImagesLock parse(std::string_view yaml);
  /// The file as imgpkg writes it, byte for byte.
  [[nodiscard]] std::string to_yaml() const;

  friend bool operator==(const ImagesLock&, const ImagesLock&) = default;
};

/// Pins one bundle (kind BundleLock).
struct BundleLock {
  Reference image = {};                 ///< fully qualified, by digest and without tag
  std::optional<std::string> tag = {};  ///< the tag that named the bundle when it was pinned

  /// Reads YAML or JSON as strictly as an ImagesLock. Throws Error{Hostile}.
  [[nodiscard]] static BundleLock parse(std::string_view yaml);
  /// The file as imgpkg writes it, byte for byte.
  [[nodiscard]] std::string to_yaml() const;

  friend bool operator==(const BundleLock&, const BundleLock&) = default;
};

/// True if `yaml` says that it is a BundleLock; nothing else of it is looked at. False for what cannot be read.
[[nodiscard]] bool is_bundle_lock(std::string_view yaml);

/// Where one image of a bundle can be found.
struct LocationEntry {
  Reference image = {};  ///< as the bundle's ImagesLock names it, never the relocated name
  bool is_bundle = false;
  /// The repository, on the bundle's registry, that holds the image; absent: the bundle's own repository.
  std::optional<std::string> repository = {};

  friend bool operator==(const LocationEntry&, const LocationEntry&) = default;
};

/// What a locations image says about the images of one bundle.
struct Locations {
  std::vector<LocationEntry> entries = {};

  friend bool operator==(const Locations&, const Locations&) = default;
};

/// The locations of the images in `lock`: one entry for each digest, sorted by reference text. If two references
/// share a digest, the bytewise smaller one is used. Entries name no repository, so the bundle can be relocated. Throws
/// Error{Internal} if a reference has no digest.
[[nodiscard]] Locations make_locations(const ImagesLock& lock, const std::function<bool(const Digest&)>& is_bundle);

/// The file `image-locations.yml` (kind ImageLocations), byte for byte as imgpkg writes it; it has no place for
/// repositories.
[[nodiscard]] std::string to_imgpkg_yaml(const Locations& locations);
/// The file `images-locations.yml` (kind ImagesLocation), which names the repositories too.
[[nodiscard]] std::string to_seed_yaml(const Locations& locations);

/// Reads either kind of locations file, told apart by its `kind`. Unknown keys are ignored, of repeated ones the last
/// counts. Throws Error{Hostile} if it is malformed, too large, or names an impossible image or repository.
[[nodiscard]] Locations parse_locations(std::string_view yaml);

/// True if `locations` is about exactly the digests of `lock` and names each as the lock does.
/// One that does not fit belongs to another bundle and must not be used.
[[nodiscard]] bool fits(const Locations& locations, const ImagesLock& lock);

}  // namespace ociferry

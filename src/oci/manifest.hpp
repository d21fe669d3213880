#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oci/limits.hpp"
#include "ociferry/descriptor.hpp"

namespace ociferry {

/// An image manifest, OCI or Docker schema 2 (image-spec, manifest.md); also what has other types but is no index: the
/// artifact manifests of OCI 1.1's release candidates, and unknown ones.
struct Manifest {
  std::string media_type;
  std::optional<Descriptor> config = {};  ///< image manifests always have one
  std::vector<Descriptor> layers = {};
  std::optional<Descriptor> subject = {};  ///< the manifest that this one is attached to
  std::string artifact_type = {};
  std::map<std::string, std::string> annotations = {};
};

/// An image index or Docker manifest list (image-spec, image-index.md).
struct ImageIndex {
  std::string media_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject = {};  ///< the manifest that this one is attached to
  std::string artifact_type = {};
  std::map<std::string, std::string> annotations = {};
};

/// A manifest or index as a registry gave it. `bytes` are what is hashed, kept and sent on: never re-serialised.
struct RawManifest {
  Descriptor descriptor;  ///< media type, size and digest computed from `bytes`
  std::string bytes;
};

/// Parses a manifest or index so strictly that no two readers can disagree about what it refers to: keys that say so
/// and occur twice or in another case, schema 1, bodies that are both (CVE-2021-41190), and an index that came as an
/// image or the other way round, are refused. `media_type` comes from a server's header or a parent's descriptor, which
/// may confuse Docker's types and OCI's, or is empty; the bytes decide, and the result has their type. Annotations,
/// platforms and other members are carried unchanged, and ignored if they are malformed. For an unknown media type, the
/// form decides whether it is an index or has layers. Throws Error{Hostile}.
[[nodiscard]] std::variant<Manifest, ImageIndex> parse_manifest(std::string_view bytes, std::string_view media_type);

/// What the manifest is attached to (its `subject`), or null.
[[nodiscard]] const Descriptor* subject_of(const std::variant<Manifest, ImageIndex>& parsed) noexcept;

/// True for layers that can be unpacked only with a key, as the image encryption of containers says by their type.
[[nodiscard]] inline bool is_encrypted_layer(std::string_view media_type) noexcept {
  return media_type.ends_with("+encrypted");
}

/// Parses an image index alone, such as an image layout's index.json, with no limit but the caller's on its size.
/// Throws Error{Hostile} starting with `what`.
[[nodiscard]] ImageIndex parse_image_index(std::string_view bytes, std::string_view what);

/// The parts of an image configuration that ociferry looks at (image-spec, config.md).
struct ImageConfig {
  Platform platform;
  std::map<std::string, std::string> labels;
};

/// Parses an image configuration as leniently as Go's decoder: what is of another type than it must be is not there.
/// Throws Error{Hostile} if it is no JSON, or larger than limits::kConfigBytes.
[[nodiscard]] ImageConfig parse_image_config(std::string_view bytes);

/// The same; nullopt if it cannot be parsed.
[[nodiscard]] std::optional<ImageConfig> try_parse_image_config(std::string_view bytes);

}  // namespace ociferry

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Returns the verified content of a small blob; nullopt if absent or not small.
using SmallBlobs = std::function<std::optional<std::string>(const Digest&)>;

/// How an entry of index.json is attached, from the annotation "kind" of `cosign save` and hauler: "sig", "att" or
/// "sbom" is its tag's suffix; "" means a referrer, whose manifest has the subject; nullopt means an image. An attached
/// entry carries the names of its image.
[[nodiscard]] std::optional<std::string> attached_kind(const Descriptor& entry);

/// The image that the manifest `signature` signs, from its payload (cosign, "simple signing"); nullopt if it has no
/// such payload. Throws Error{Hostile} if it is malformed, and what `blobs` throws.
[[nodiscard]] std::optional<Digest> signed_image(const Digest& signature, const SmallBlobs& blobs);

}  // namespace ociferry

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ociferry/descriptor.hpp"

namespace ociferry {

/// Returns the verified content of a small blob; nullopt if absent or not small.
using SmallBlobs = std::function<std::optional<std::string>(const Digest&)>;

/// How an entry of index.json is attached, from the annotation "kind" of `cosign save` and hauler: "sig", "att" or
/// "sbom", the suffix of its tag beside the image; "" for a referrer, whose manifest names its subject. nullopt
/// for images. The names of an attached entry are those of its image.
[[nodiscard]] std::optional<std::string> attached_kind(const Descriptor& entry);

/// The image that the signature in the manifest `signature` is for, as its payload says (cosign, "simple signing");
/// nullopt if nothing there says so. Throws Error{Hostile} if it is malformed, and what `blobs` throws.
[[nodiscard]] std::optional<Digest> signed_image(const Digest& signature, const SmallBlobs& blobs);

}  // namespace ociferry

#pragma once

#include <set>
#include <string>
#include <variant>

#include "oci/manifest.hpp"

namespace ociferry {

/// What a manifest with these tags is to the one it is attached to: "signature", "attestation", "sbom", else its
/// artifact type, which may be empty.
[[nodiscard]] std::string attachment_kind(const std::set<std::string>& tags,
                                          const std::variant<Manifest, ImageIndex>& parsed);

}  // namespace ociferry

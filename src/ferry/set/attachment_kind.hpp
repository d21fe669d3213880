#pragma once

#include <set>
#include <string>
#include <variant>

#include "oci/manifest.hpp"

namespace ociferry {

/// The kind of an attachment with these tags: "signature", "attestation" or "sbom", else its artifact type, which may
/// be empty.
[[nodiscard]] std::string attachment_kind(const std::set<std::string>& tags,
                                          const std::variant<Manifest, ImageIndex>& parsed);

}  // namespace ociferry

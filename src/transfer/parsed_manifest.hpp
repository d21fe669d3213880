#pragma once

#include <utility>
#include <variant>

#include "oci/manifest.hpp"

namespace ociferry {

/// A manifest or index as it came, and what it says: parsed once, where it was read.
struct ParsedManifest {
  RawManifest raw;
  std::variant<Manifest, ImageIndex> parsed;

  [[nodiscard]] const Digest& digest() const { return raw.descriptor.digest; }
};

/// Throws Error{Hostile}, as parse_manifest.
[[nodiscard]] inline ParsedManifest parse(RawManifest raw) {
  auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
  return {std::move(raw), std::move(parsed)};
}

}  // namespace ociferry

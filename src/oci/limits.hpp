#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// Manifests and indexes. Registries accept no more (distribution: 4 MiB), so a larger one could be put
/// nowhere.
inline constexpr std::uint64_t kManifestBytes = 4 * kMiB;
/// Image configurations.
inline constexpr std::uint64_t kConfigBytes = 8 * kMiB;
/// Values of one JSON document. Each takes 40 bytes or more of memory, and as little as two in the text.
inline constexpr std::size_t kJsonValues = 2'500'000;
/// Nesting of JSON and YAML documents.
inline constexpr std::size_t kDocumentDepth = 64;
/// Nesting of indexes within indexes, and of bundles within bundles.
inline constexpr std::size_t kGraphDepth = 16;

}  // namespace ociferry::limits

namespace ociferry {

/// Throws Error{Hostile} if `what` ("indexes", "bundles") are nested in more than limits::kGraphDepth levels of others;
/// the outermost has depth 0.
void check_depth(std::string_view what, std::size_t depth);

}  // namespace ociferry

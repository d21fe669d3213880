#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// "sha256-<hex>.imgpkg": the tag of every relocated image.
[[nodiscard]] std::string image_tag(const Digest& digest);
/// "apps-web-sha256-<hex>.imgpkg": the tag of an image with --repo-based-tags: the end of its repository's path,
/// without characters that are not valid in tags, then `image_tag`. At most 128 characters for sha256. `image` has a
/// digest.
[[nodiscard]] std::string repository_tag(const Reference& image);
/// "sha256-<hex>.sig" and the like: the tag of what cosign attaches to the image with `digest`. `suffix` is one of
/// kAttachmentSuffixes.
[[nodiscard]] std::string attachment_tag(const Digest& digest, std::string_view suffix);
/// The digest in such a tag; nullopt for any other tag.
[[nodiscard]] std::optional<Digest> attachment_subject(std::string_view tag);
/// Signatures, attestations and bills of materials that cosign attaches without a `subject`.
inline constexpr std::array<std::string_view, 3> kAttachmentSuffixes = {"sig", "att", "sbom"};
/// "sha256-<hex>": the tag of the list of what is attached to the manifest with `digest`, in registries without the
/// referrers API (distribution-spec, "Referrers Tag Schema").
[[nodiscard]] std::string referrers_tag(const Digest& digest);
/// "sha256-<hex>.image-locations.imgpkg": the tag of the locations image of the bundle with `digest`.
[[nodiscard]] std::string locations_tag(const Digest& digest);

}  // namespace ociferry

#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "ociferry/digest.hpp"

namespace ociferry {

/// A repository: registry host (with port if any) and path within it, fully qualified.
struct RepositoryName {
  std::string registry;    ///< "index.docker.io", "localhost:5000", "[::1]:5000"
  std::string repository;  ///< "library/nginx"

  friend auto operator<=>(const RepositoryName&, const RepositoryName&) = default;
};

/// "registry/repository"
[[nodiscard]] std::string to_string(const RepositoryName& name);

/// Names an image in a repository by tag, digest or both; the digest takes precedence.
struct Reference {
  RepositoryName name;
  std::optional<std::string> tag;
  std::optional<Digest> digest;

  /// Parses a reference from a user or a lock file by imgpkg's rules: the first part is a registry only if it contains
  /// '.' or ':'; otherwise the registry is Docker Hub (`index.docker.io`, `library/` for one-part names). `docker.io`
  /// is rewritten. Neither tag nor digest is added. Throws Error{Usage}.
  [[nodiscard]] static Reference parse(std::string_view text);

  /// Without a tag.
  [[nodiscard]] static Reference by_digest(RepositoryName name, Digest digest);

  /// The digest or tag to request from a registry; "latest" if the reference has neither.
  [[nodiscard]] std::string selector() const;

  friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// The fully qualified form: "registry/repository@digest", else "registry/repository:tag", else without either.
[[nodiscard]] std::string to_string(const Reference& reference);

/// Parses a bare repository, such as a --to-repo value. Throws Error{Usage} if a tag or digest is given.
[[nodiscard]] RepositoryName parse_repository(std::string_view text);

/// Parses `repo@sha256:<hex>` as an ImagesLock demands (a tag before the @ is dropped). Throws Error{Usage}.
[[nodiscard]] Reference parse_digest_reference(std::string_view text);

/// True if `tag` fits the distribution specification's grammar.
[[nodiscard]] bool is_valid_tag(std::string_view tag) noexcept;

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

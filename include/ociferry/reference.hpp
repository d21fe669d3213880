#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"

namespace ociferry {

/// A repository: registry host (with port if any) and path within it, fully qualified.
struct RepositoryName {
  std::string registry;    ///< "index.docker.io", "localhost:5000", "[::1]:5000"
  std::string repository;  ///< "library/nginx"

  friend auto operator<=>(const RepositoryName&, const RepositoryName&) = default;
};

/// "registry/repository"
[[nodiscard]] OCIFERRY_EXPORT std::string to_string(const RepositoryName& name);

/// Names an image in a repository by tag, digest or both; the digest takes precedence.
struct OCIFERRY_EXPORT Reference {
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
[[nodiscard]] OCIFERRY_EXPORT std::string to_string(const Reference& reference);

/// Parses a bare repository, such as a --to-repo value. Throws Error{Usage} if a tag or digest is given.
[[nodiscard]] OCIFERRY_EXPORT RepositoryName parse_repository(std::string_view text);

/// Parses `repo@sha256:<hex>` as an ImagesLock demands (a tag before the @ is dropped). Throws Error{Usage}.
[[nodiscard]] OCIFERRY_EXPORT Reference parse_digest_reference(std::string_view text);

/// True if `tag` fits the distribution specification's grammar.
[[nodiscard]] OCIFERRY_EXPORT bool is_valid_tag(std::string_view tag) noexcept;

}  // namespace ociferry

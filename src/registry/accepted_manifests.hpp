#pragma once

#include <string_view>

namespace ociferry {

/// The Accept of every request for a manifest. Registries answer requests that lack a type with an older one, or deny
/// that the manifest exists.
inline constexpr std::string_view kAcceptedManifests =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.artifact.manifest.v1+json";

}  // namespace ociferry

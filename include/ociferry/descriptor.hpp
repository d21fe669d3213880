#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"

namespace ociferry {

/// Media types of the OCI image specification and of Docker's schema 2.
namespace media_type {
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciArtifact = "application/vnd.oci.artifact.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// True for an OCI index or a Docker manifest list.
[[nodiscard]] OCIFERRY_EXPORT bool is_index(std::string_view type) noexcept;
/// True for an OCI or Docker (schema 2) image manifest, or an OCI artifact manifest.
[[nodiscard]] OCIFERRY_EXPORT bool is_manifest(std::string_view type) noexcept;
/// True for Docker's schema 1, signed or not.
[[nodiscard]] OCIFERRY_EXPORT bool is_schema_1(std::string_view type) noexcept;
/// True for layers that must not be redistributed (Docker "foreign", OCI "nondistributable").
[[nodiscard]] OCIFERRY_EXPORT bool is_nondistributable(std::string_view type) noexcept;
/// True for layers that are a tar archive, whatever their compression.
[[nodiscard]] OCIFERRY_EXPORT bool is_tar_layer(std::string_view type) noexcept;
}  // namespace media_type

/// The platform of an index's child (image-spec, image-index.md). Empty strings: not given.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;

  friend bool operator==(const Platform&, const Platform&) = default;
};

/// "linux/arm64/v8"; empty if no member is set.
[[nodiscard]] OCIFERRY_EXPORT std::string to_string(const Platform& platform);

/// Type, digest and size of content (image-spec, descriptor.md).
struct Descriptor {
  std::string media_type;  ///< empty if not given; the content decides then
  Digest digest;
  std::uint64_t size = 0;                         ///< bytes
  std::shared_ptr<const Platform> platform = {};  ///< null if not given
  std::map<std::string, std::string> annotations = {};
  std::vector<std::string> urls = {};  ///< where else the content is available; requested without credentials
};

}  // namespace ociferry

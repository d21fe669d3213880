#include "ociferry/descriptor.hpp"

namespace ociferry {

namespace media_type {

bool is_index(std::string_view type) noexcept { return type == kOciIndex || type == kDockerManifestList; }

bool is_manifest(std::string_view type) noexcept {
  return type == kOciManifest || type == kDockerManifest || type == kOciArtifact;
}

bool is_schema_1(std::string_view type) noexcept {
  return type.starts_with("application/vnd.docker.distribution.manifest.v1+");
}

bool is_nondistributable(std::string_view type) noexcept {
  return type == "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" ||
         type == "application/vnd.docker.image.rootfs.foreign.diff.tar" ||
         type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar");
}

bool is_tar_layer(std::string_view type) noexcept {
  return type.starts_with("application/vnd.oci.image.layer.v1.tar") ||
         type.starts_with("application/vnd.docker.image.rootfs.diff.tar") || is_nondistributable(type);
}

}  // namespace media_type

std::string to_string(const Platform& platform) {
  std::string out = platform.os;
  if (!platform.architecture.empty()) out += (out.empty() ? "" : "/") + platform.architecture;
  if (!platform.variant.empty()) out += "/" + platform.variant;
  return out;
}

}  // namespace ociferry

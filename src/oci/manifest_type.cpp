#include "oci/manifest_type.hpp"

#include <algorithm>
#include <array>

#include "ociferry/descriptor.hpp"

namespace ociferry {

namespace {

bool has_oci_type(const Json& descriptor) {
  return descriptor.string_at("mediaType").starts_with("application/vnd.oci.");
}

bool has_oci_parts(const Json& body) {
  if (const Json* config = body.find("config"); config != nullptr && has_oci_type(*config)) return true;
  constexpr std::array<std::string_view, 2> kLists = {"layers", "manifests"};
  return std::ranges::any_of(kLists, [&](std::string_view name) {
    const Json* const list = body.find(name);
    return list != nullptr && list->as_array() != nullptr && std::ranges::any_of(*list->as_array(), has_oci_type);
  });
}

}  // namespace

std::string manifest_type(const Json& body, std::string_view given) {
  if (std::string own = body.string_at("mediaType"); !own.empty()) return own;
  const bool lists = body.find("manifests") != nullptr;
  const bool is_image = body.find("layers") != nullptr || body.find("config") != nullptr;
  if (!lists && !is_image) return std::string(given);  // neither; the caller refuses it under this type
  const std::string_view docker = lists ? media_type::kDockerManifestList : media_type::kDockerManifest;
  if (given == docker && !has_oci_parts(body)) return std::string(docker);
  return std::string(lists ? media_type::kOciIndex : media_type::kOciManifest);
}

}  // namespace ociferry

#include "imgpkg_images.hpp"

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

std::filesystem::path folder_of(const std::string& name) { return std::filesystem::path(FIXTURES) / "imgpkg" / name; }

bool is_blob(const std::filesystem::path& file) {
  return file.filename() == "config.json" || file.filename().string().ends_with(".tar.gz");
}

}  // namespace

Image imgpkg_image(const std::string& name) {
  const std::string manifest = read_text(folder_of(name) / "manifest.json");
  Image image{.descriptor = {.media_type = Json::parse(manifest, name).string_at("mediaType"),
                             .digest = sha256(manifest),
                             .size = manifest.size()},
              .manifests = {},
              .blobs = {}};
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(name))) {
    if (entry.is_directory()) {
      const Image child = imgpkg_image(name + "/" + entry.path().filename().string());
      image.manifests.insert(image.manifests.end(), child.manifests.begin(), child.manifests.end());
      image.blobs.insert(child.blobs.begin(), child.blobs.end());
    } else if (is_blob(entry.path())) {
      const std::string content = read_text(entry.path());
      image.blobs.emplace(sha256(content), content);
    }
  }
  image.manifests.push_back({.descriptor = image.descriptor, .bytes = manifest});
  return image;
}

std::string imgpkg_digest(const std::string& name) {
  const std::string text = read_text(folder_of(name) / "DIGEST");
  return text.substr(0, text.find_last_not_of(" \n") + 1);
}

void push_imgpkg_copy(const RegistryServer& registry, const std::string& repository) {
  const auto push = [&](const std::string& name, const std::string& tag) {
    push_image(registry, repository, imgpkg_image(name), tag);
  };
  for (const char* name : {"image-simple-app-docker", "image-other-oci", "index-multi-oci", "bundle-inner",
                           "bundle-outer", "locations-inner-bundle", "locations-outer-bundle"}) {
    push(name, image_tag(Digest::parse(imgpkg_digest(name))));
  }
  push("locations-inner-bundle", locations_tag(Digest::parse(imgpkg_digest("bundle-inner"))));
  push("locations-outer-bundle", locations_tag(Digest::parse(imgpkg_digest("bundle-outer"))));
  push("bundle-outer", "v1");
}

}  // namespace ociferry::testing

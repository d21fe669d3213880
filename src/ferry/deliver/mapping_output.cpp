#include "ferry/deliver/mapping_output.hpp"

#include "base/fd.hpp"
#include "oci/json.hpp"

namespace ociferry {

namespace {

constexpr int kVersion = 1;
constexpr unsigned kMode = 0644;

/// "registry/repository:tag", or without a tag.
std::string name_of(const Reference& image) {
  std::string name = to_string(image.name);
  if (image.tag) name += ":" + *image.tag;
  return name;
}

}  // namespace

std::string mapping_text(const std::vector<PlacedImage>& placed) {
  Json::Array images;
  for (const PlacedImage& image : placed) {
    Json::Object names{{"from", name_of(image.from)},
                       {"to", name_of(image.to)},
                       {"digest", image.to.digest ? Json(image.to.digest->text()) : Json()}};
    const bool is_other = image.from.digest && image.from.digest != image.to.digest;
    if (is_other) names.emplace_back("fromDigest", image.from.digest->text());
    images.emplace_back(std::move(names));
  }
  return Json(Json::Object{{"schemaVersion", kVersion}, {"images", std::move(images)}}).dump_pretty() + "\n";
}

void write_mapping(const std::filesystem::path& path, const std::vector<PlacedImage>& names) {
  write_file_atomically(path, mapping_text(names), kMode);
}

}  // namespace ociferry

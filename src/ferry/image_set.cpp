#include "ferry/image_set.hpp"

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

ImageSet::ImageSet(std::vector<SetImage> images, Graph graph) : images_(std::move(images)), graph_(std::move(graph)) {
  std::ranges::sort(images_, std::ranges::less{}, [](const SetImage& image) {
    return std::tuple(!image.is_root, !image.is_bundle, to_string(image.reference));
  });
  for (std::size_t i = 0; i < images_.size(); ++i) index_.emplace(images_[i].digest(), i);
}

bool ImageSet::is_bundle(const Digest& digest) const {
  const auto found = index_.find(digest);
  return found != index_.end() && images_[found->second].is_bundle;
}

Locations locations_of(const ImageSet& set, const SetImage& bundle, const std::optional<std::string>& repository) {
  return make_locations(
      bundle.lock, [&](const Digest& digest) { return set.is_bundle(digest); }, repository);
}

void warn_of_skipped_layers(const ImageSet& set, Progress& progress) {
  for (const auto& [digest, layer] : set.graph().skipped_layers()) {
    progress.warn(
        text::cat("left out, because it may not be redistributed: layer ", digest.text(), " (", layer.media_type, ")"));
  }
}

void check_root_tags(const ImageSet& set) {
  std::map<std::string, const SetImage*> owners;
  for (const SetImage& image : set.images()) {
    if (!image.tag) continue;
    const auto [owner, is_new] = owners.emplace(*image.tag, &image);
    if (is_new) continue;
    throw Error(ErrorCode::Usage, text::cat("two roots have the tag '", *image.tag, "': ",
                                            to_string(owner->second->reference), " and ", to_string(image.reference)))
        .hint(
            "a tag can point to one of them only: add --no-root-tags, then every root is at its sha256-<hex>.imgpkg "
            "tag");
  }
}

void check_complete(const ImageSet& set) {
  std::vector<std::string> missing;
  for (const SetImage& bundle : set.images()) {
    for (const ImageRef& ref : bundle.lock.images) {
      if (!set.contains(*ref.image.digest)) {
        missing.push_back(text::cat(to_string(ref.image), " (listed by the bundle ", to_string(bundle.reference), ")"));
      }
    }
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::Incomplete,
              text::cat(missing.size(), " images are missing:\n  - ", text::join(missing, "\n  - ")));
}

}  // namespace ociferry

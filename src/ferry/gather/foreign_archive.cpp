#include "ferry/gather/foreign_archive.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ferry/gather/archive_images.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// The digests that lock files and indexes list.
std::set<Digest> listed_digests(const LoadedImages& loaded) {
  std::set<Digest> listed;
  for (const SetImage& image : loaded.images) {
    for (const ImageRef& ref : image.lock.images) listed.insert(*ref.image.digest);
    for (const Digest& digest : loaded.graph.closure(image.digest())) {
      if (digest != image.digest()) listed.insert(digest);
    }
  }
  return listed;
}

/// True if `image` is attached, by a tag or its subject, to another one in the graph.
bool is_attached(const SetImage& image, const Graph& graph) {
  const Descriptor* subject = subject_of(graph.at(image.digest()).parsed);
  if (subject != nullptr && graph.contains(subject->digest)) return true;
  return std::ranges::any_of(image.tags, [&](const std::string& tag) {
    const auto digest = attachment_subject(tag);
    return digest && graph.contains(*digest);
  });
}

/// Derives the roles of images, which other tools do not record.
void guess_roles(LoadedImages& loaded, const ImageArchive& archive, Progress& progress) {
  const bool says_root = std::ranges::any_of(loaded.images, &SetImage::is_root);
  const std::set<Digest> listed = listed_digests(loaded);
  for (SetImage& image : loaded.images) {
    image.is_referrer =
        !image.is_root && !image.is_bundle && !listed.contains(image.digest()) && is_attached(image, loaded.graph);
    if (image.is_root || image.is_referrer || listed.contains(image.digest())) continue;
    image.is_root = true;
    if (!image.is_bundle || says_root || archive.format() != ArchiveFormat::ImgpkgTar) continue;
    progress.event(text::cat(archive.name(), " does not mark a root, like those of old imgpkg releases: ",
                             to_string(image.reference), " is a root, since no other bundle lists it"));
  }
}

/// Finds all missing blobs and wrong sizes, without reading content.
void check_blobs_exist(const ImageArchive& archive, const ImageSet& set) {
  std::vector<std::pair<Digest, std::string>> missing;
  std::vector<std::pair<Digest, std::string>> wrong;
  for (const auto& [digest, blob] : set.graph().blobs()) {
    const auto size = archive.size_of(digest);
    if (!size) {
      missing.emplace_back(digest, archive.name_of(digest));
    } else if (*size != blob.descriptor.size) {
      wrong.emplace_back(digest, text::cat(archive.name_of(digest), " has ", *size, " bytes, but its manifest says ",
                                           blob.descriptor.size));
    }
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::Incomplete,
                text::cat(archive.name(), " lacks ", missing.size(), missing.size() == 1 ? " blob" : " blobs",
                          " that its images need:\n  - ", list_of_damage(missing, &set)));
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::Corrupt,
                text::cat(wrong.size(), " blobs have the wrong size:\n  - ", list_of_damage(wrong, &set)));
  }
}

}  // namespace

ImageSet load_foreign_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  const auto source = std::make_shared<CachingSource>(archive, std::make_shared<CacheBudget>(kCacheBytes));
  LoadedImages loaded = load_images(*archive, source, context);
  if (loaded.images.empty()) {
    throw Error(ErrorCode::Incomplete, text::cat(archive->name(), " holds no image"))
        .hint("export the images again with a current tool");
  }
  guess_roles(loaded, *archive, *context.progress);
  ImageSet set(std::move(loaded.images), std::move(loaded.graph));
  check_complete(set);
  check_attached(set);
  check_nesting(set);
  check_blobs_exist(*archive, set);
  return set;
}

}  // namespace ociferry

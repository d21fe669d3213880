#include "ferry/load_archive.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ferry/archive_contents.hpp"
#include "ferry/bundle_reader.hpp"
#include "layout/archive_reader.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

RawManifest manifest_of(const ArchiveItem& item, CachingSource& source) {
  auto raw = source.manifest(item.descriptor.digest.text());
  if (!raw) {
    throw Error(ErrorCode::Incomplete, text::cat("manifest ", item.descriptor.digest.text(), " is missing"));
  }
  if (raw->descriptor.size != item.descriptor.size) {
    throw Error(ErrorCode::Corrupt, text::cat("manifest ", item.descriptor.digest.text(), " has ", raw->descriptor.size,
                                              " bytes, but the archive lists ", item.descriptor.size));
  }
  raw->descriptor.media_type = item.descriptor.media_type;
  return *std::move(raw);
}

SetImage load_image(const ArchiveItem& item, const ImageArchive& archive, const std::shared_ptr<CachingSource>& source,
                    Graph& graph, const Context& context) {
  const ManifestTree tree = fetch_tree(*source, manifest_of(item, *source));
  SetImage image{
      .reference = item.reference, .is_root = item.is_root, .is_referrer = item.role == ArchiveRole::Referrer};
  // What is attached to an image is carried as it is, whatever it says to be.
  image.is_bundle = !image.is_referrer && is_bundle(*source, tree.front().parsed, context.stop);
  if (image.is_bundle) image.lock = read_images_lock(*source, tree.front().raw, context.stop);
  graph.add(tree, source, [&](const Descriptor& layer) { return archive.size_of(layer.digest).has_value(); });
  return image;
}

/// What is not in an archive cannot be found anywhere else.
Error as_incomplete(const Error& error) { return {ErrorCode::Incomplete, error.message()}; }

/// What lock files and indexes list.
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

/// True if `image` says, by a tag or its manifest, that it belongs to another one that is there.
bool is_attached(const SetImage& image, const Graph& graph) {
  const Descriptor* subject = subject_of(graph.at(image.digest()).parsed);
  if (subject != nullptr && graph.contains(subject->digest)) return true;
  return std::ranges::any_of(image.tags, [&](const std::string& tag) {
    const auto digest = attachment_subject(tag);
    return digest && graph.contains(*digest);
  });
}

/// Other tools say little about what an image is there for.
void guess_roles(LoadedImages& loaded, const ImageArchive& archive, Progress& progress) {
  const bool says_root = std::ranges::any_of(loaded.images, &SetImage::is_root);
  const std::set<Digest> listed = listed_digests(loaded);
  for (SetImage& image : loaded.images) {
    image.is_referrer =
        !image.is_root && !image.is_bundle && !listed.contains(image.digest()) && is_attached(image, loaded.graph);
    if (image.is_root || image.is_referrer || listed.contains(image.digest())) continue;
    image.is_root = true;
    if (!image.is_bundle || says_root || archive.format() != ArchiveFormat::ImgpkgTar) continue;
    progress.event(text::cat(archive.name(), " marks no root, as those of old releases of imgpkg: ",
                             to_string(image.reference), " is one, since no other bundle lists it"));
  }
}

/// Finds all that is missing or of another size at once, without reading it.
void check_held(const ImageArchive& archive, const Graph& graph) {
  std::vector<std::string> missing;
  std::vector<std::string> wrong;
  for (const auto& [digest, blob] : graph.blobs()) {
    const auto size = archive.size_of(digest);
    if (!size) {
      missing.push_back(archive.name_of(digest));
    } else if (*size != blob.descriptor.size) {
      wrong.push_back(
          text::cat(archive.name_of(digest), " has ", *size, " bytes, but its manifest says ", blob.descriptor.size));
    }
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::Incomplete, text::cat(archive.name(), " lacks ", missing.size(),
                                                 " blobs that its images need:\n  - ", text::join(missing, "\n  - ")));
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::Corrupt,
                text::cat(wrong.size(), " blobs have another size than they must:\n  - ", text::join(wrong, "\n  - ")));
  }
}

ImageSet load_foreign_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  const auto source = std::make_shared<CachingSource>(archive, std::make_shared<CacheBudget>(kCacheBytes));
  LoadedImages loaded = load_images(*archive, source, context);
  if (loaded.images.empty()) {
    throw Error(ErrorCode::Incomplete, text::cat(archive->name(), " holds nothing but locations of images"));
  }
  guess_roles(loaded, *archive, *context.progress);
  ImageSet set(std::move(loaded.images), std::move(loaded.graph));
  check_complete(set);
  check_attached(set);
  check_nesting(set);
  check_held(*archive, set.graph());
  return set;
}

}  // namespace

LoadedImages load_images(const ImageArchive& archive, const std::shared_ptr<CachingSource>& source,
                         const Context& context) {
  LoadedImages loaded;
  std::size_t listed = 0;
  for (const ArchiveItem& item : archive.items()) {
    if (context.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    if (item.role == ArchiveRole::Locations) continue;
    try {
      // The entries of an image with several tags follow one another.
      auto& images = loaded.images;
      const bool is_new = images.empty() || images.back().digest() != item.descriptor.digest;
      if (is_new) {
        images.push_back(load_image(item, archive, source, loaded.graph, context));
        check_listed(listed += images.back().lock.images.size());
      }
      if (item.tag) images.back().tags.insert(*item.tag);
    } catch (Error& error) {
      if (error.code() == ErrorCode::NotFound) error = as_incomplete(error);
      error.while_doing(text::cat("reading ", to_string(item.reference), " from ", archive.name()));
      throw;
    }
  }
  return loaded;
}

ImageSet load_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  if (const auto sealed = std::dynamic_pointer_cast<ArchiveReader>(archive))
    return load_sealed_archive(sealed, context);
  return load_foreign_archive(archive, context);
}

std::vector<Descriptor> blobs_to_verify(const ImageArchive& archive, const ImageSet& set) {
  if (const auto* sealed = dynamic_cast<const ArchiveReader*>(&archive)) return sealed->blobs();
  std::vector<Descriptor> blobs;
  for (const auto& [digest, blob] : set.graph().blobs()) blobs.push_back(blob.descriptor);
  return blobs;
}

}  // namespace ociferry

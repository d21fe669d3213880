#include "ferry/gather/archive_images.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kReadAtOnce = 256;

RawManifest manifest_of(const ArchiveItem& item, CachingSource& source) {
  auto raw = source.manifest(item.descriptor.digest.text());
  if (!raw) {
    throw Error(ErrorCode::Incomplete, text::cat("manifest ", item.descriptor.digest.text(), " is missing"))
        .hint(
            "have the archive written again with all its files: those of a layout whose blobs lie elsewhere (skopeo's "
            "--dest-shared-blob-dir) belong below its blobs/");
  }
  if (raw->descriptor.size != item.descriptor.size) {
    throw Error(ErrorCode::Corrupt, text::cat("manifest ", item.descriptor.digest.text(), " has ", raw->descriptor.size,
                                              " bytes, but the archive lists ", item.descriptor.size));
  }
  raw->descriptor.media_type = item.descriptor.media_type;
  return *std::move(raw);
}

/// An image of an archive, with all its tags.
struct ArchivedImage {
  const ArchiveItem* item = nullptr;
  std::set<std::string> tags = {};
  std::map<RepositoryName, std::set<std::string>> also = {};  ///< its other names
};

/// True if index.json lists something other than a manifest: no repository would accept it on its own.
bool is_blob_only(const ArchiveItem& item, ImageArchive& archive) {
  const std::string& type = item.descriptor.media_type;
  const bool is_known = type.empty() || media_type::is_manifest(type) || media_type::is_index(type);
  return !is_known && archive.format() != ArchiveFormat::Sealed && archive.is_blob(item.descriptor);
}

/// An image with several tags has several entries, in a row.
std::vector<ArchivedImage> listed_images(ImageArchive& archive, Progress& progress) {
  std::vector<ArchivedImage> listed;
  for (const ArchiveItem& item : archive.items()) {
    if (item.role == ArchiveRole::Locations) continue;
    if (is_blob_only(item, archive)) {
      const std::string& type = item.descriptor.media_type;
      const std::string_view why = media_type::is_schema_1(type)
                                       ? "it is an image of Docker's schema 1, which only its own registry can give"
                                       : "it is neither an image nor an index";
      progress.warn(text::cat("left out, because ", why, ": ", item.descriptor.digest.text(), " (",
                              text::printable(type), ") of ", archive.name()));
      continue;
    }
    const bool is_new = listed.empty() || listed.back().item->descriptor.digest != item.descriptor.digest;
    if (is_new) listed.push_back({.item = &item});
    ArchivedImage& image = listed.back();
    const bool is_first_name = item.reference.name == image.item->reference.name;
    std::set<std::string>& tags = is_first_name ? image.tags : image.also[item.reference.name];
    if (item.tag) tags.insert(*item.tag);
  }
  return listed;
}

struct ReadImage {
  SetImage image = {};
  ManifestTree tree = {};
};

/// Our archives record what they lack, and imgpkg's are complete. Others may have only some children of an index.
TreeRules tree_rules(const ImageArchive& archive, const ArchiveItem& item) {
  const bool is_complete = archive.format() == ArchiveFormat::Sealed || archive.format() == ArchiveFormat::ImgpkgTar;
  if (is_complete) return {.absent = item.absent};
  return {.holds = [&archive](const Descriptor& blob) { return archive.size_of(blob.digest).has_value(); }};
}

ReadImage read_image(const ArchivedImage& listed, const ImageArchive& archive, CachingSource& source,
                     const Context& context) {
  const ArchiveItem& item = *listed.item;
  // Not in one initializer: if a later member throws, GCC 12 destroys the inner aggregates twice.
  ReadImage read{.tree = fetch_tree(source, manifest_of(item, source), tree_rules(archive, item))};
  read.image = {.reference = item.reference,
                .tags = listed.tags,
                .also = listed.also,
                .is_root = item.is_root,
                .is_referrer = item.role == ArchiveRole::Referrer};
  // An attachment is never treated as a bundle.
  const ParsedManifest& root = read.tree.front();
  read.image.is_bundle = !read.image.is_referrer && is_bundle(source, root.parsed, context.stop);
  if (read.image.is_bundle) {
    read.image.lock = read_images_lock(source, root, context.unpack, context.stop);
  }
  return read;
}

/// Returns what `work` returns; adds the image to its errors.
template <typename Work>
auto reading(const ArchivedImage& listed, const ImageArchive& archive, const Work& work) {
  const auto doing = [&] { return text::cat("reading ", to_string(listed.item->reference), " from ", archive.name()); };
  return with_context(doing, work);
}

}  // namespace

LoadedImages load_images(ImageArchive& archive, const std::shared_ptr<CachingSource>& source, const Context& context) {
  const std::vector<ArchivedImage> listed = listed_images(archive, *context.progress);
  const auto is_held = [&](const Descriptor& layer) {
    return archive.size_of(layer.digest) || (archive.sealed() && archive.sealed()->leaves_out(layer.digest));
  };
  LoadedImages loaded;
  std::atomic<std::size_t> in_locks{0};
  // Read in batches: images take more memory before they are in the graph.
  for (std::size_t begin = 0; begin < listed.size(); begin += kReadAtOnce) {
    std::vector<ReadImage> part(std::min(kReadAtOnce, listed.size() - begin));
    const auto read = [&](std::size_t i, const std::stop_token&) {
      reading(listed[begin + i], archive, [&] {
        part[i] = read_image(listed[begin + i], archive, *source, context);
        check_listed(in_locks += part[i].image.lock.images.size());
      });
    };
    run_parallel_or_throw(jobs_or_cores(context.jobs), part.size(), context.stop, read);
    for (std::size_t i = 0; i < part.size(); ++i) {
      reading(listed[begin + i], archive, [&] { loaded.graph.add(std::move(part[i].tree), source, is_held); });
      loaded.images.push_back(std::move(part[i].image));
    }
  }
  return loaded;
}

}  // namespace ociferry

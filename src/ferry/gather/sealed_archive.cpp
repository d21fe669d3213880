#include "ferry/gather/sealed_archive.hpp"

#include <algorithm>
#include <set>

#include "base/context.hpp"
#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/gather/archive_images.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/set/docker_manifest.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

const SetImage& bundle_of(const ArchiveItem& item, const ImageSet& set) {
  const auto bundle = std::ranges::find(set.images(), *item.bundle, &SetImage::digest);
  if (bundle == set.images().end() || !bundle->is_bundle) {
    throw Error(ErrorCode::Corrupt,
                text::cat("locations for ", item.bundle->text(), ", which is not a bundle in the archive"));
  }
  return *bundle;
}

/// Reads a locations image and checks its content, not its bytes, which depend on the release of ociferry.
StoredLocations load_locations(const ArchiveItem& item, const ImageSet& set,
                               const std::shared_ptr<CachingSource>& source, const std::stop_token& stop) {
  auto raw = source->manifest(item.descriptor.digest.text());
  if (!raw) throw Error(ErrorCode::Incomplete, text::cat(item.descriptor.digest.text(), " is missing"));
  raw->descriptor.media_type = item.descriptor.media_type;
  const ParsedManifest image = parse(*std::move(raw));
  const auto files = read_locations_files(*source, image, stop);
  const Locations expected = relocatable_locations(set, bundle_of(item, set));
  const std::pair<std::string_view, std::string> as_written[] = {{kSeedLocationsFile, to_seed_yaml(expected)},
                                                                 {kImgpkgLocationsFile, to_imgpkg_yaml(expected)}};
  for (const auto& [name, text] : as_written) {
    const auto file = files.find(std::string(name));
    const bool is_equal = file != files.end() && (file->second == text || parse_locations(file->second) == expected);
    if (!is_equal) {
      throw Error(ErrorCode::Corrupt,
                  text::cat(name, " of ", item.descriptor.digest.text(), " does not list the images of its bundle"));
    }
  }
  const auto& manifest = std::get<Manifest>(image.parsed);
  static_cast<void>(source->read_blob(manifest.config.value(), limits::kConfigBytes, stop));
  return {.manifest = {image.raw.descriptor, source},
          .config = {*manifest.config, source},
          .layer = {manifest.layers.front(), source}};
}

StoredLocationsByBundle load_all_locations(const ImageArchive& archive, const ImageSet& set,
                                           const std::shared_ptr<CachingSource>& source, const std::stop_token& stop) {
  StoredLocationsByBundle all;
  for (const ArchiveItem& item : archive.items()) {
    if (item.role == ArchiveRole::Locations) all.emplace(*item.bundle, load_locations(item, set, source, stop));
  }
  for (const SetImage& image : set.images()) {
    if (image.is_bundle && !all.contains(image.digest())) {
      throw Error(ErrorCode::Incomplete,
                  text::cat("the locations image of ", to_string(image.reference), " is missing"));
    }
  }
  return all;
}

std::vector<std::string> texts(const std::set<Digest>& digests) {
  std::vector<std::string> all;
  for (const Digest& digest : digests) all.push_back(digest.text());
  return all;
}

const Digest& digest_of(const Graph::BlobNode* blob) { return blob->descriptor.digest; }

/// Throws unless the archive has exactly the blobs that the graph needs. Lists only differences, since blobs may be
/// many.
void compare_blobs(const ArchiveReader& archive, const std::vector<const Graph::BlobNode*>& needed) {
  std::vector<std::string> missing;
  for (const Graph::BlobNode* blob : needed) {
    if (!archive.size_of(digest_of(blob))) missing.push_back(digest_of(blob).text());
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::Incomplete,
                text::cat(archive.name(), " lacks ", missing.size(), missing.size() == 1 ? " blob" : " blobs",
                          " that its images need:\n  - ", text::join(missing, "\n  - ")));
  }
  if (needed.size() == archive.plan().members.size() - archive.plan().files()) return;
  std::set<Digest> surplus;
  for (const Descriptor& blob : archive.blobs()) surplus.insert(blob.digest);
  for (const Graph::BlobNode* blob : needed) surplus.erase(digest_of(blob));
  throw Error(ErrorCode::Corrupt,
              text::cat(archive.name(), " holds blobs that nothing refers to: ", text::join(texts(surplus), ", ")));
}

/// Takes out of `needed` what `delta` leaves out. Throws unless each of these is a layer that may be left out.
void remove_left_out(std::vector<const Graph::BlobNode*>& needed, const SealedDelta& delta, const ImageSet& set) {
  const std::set<Digest> separable = separable_layers(set);
  std::set<Digest> left_out;
  for (const LeftOutBlob& one : delta.left_out) {
    const auto blob = set.graph().blobs().find(one.blob.digest);
    const bool is_layer = blob != set.graph().blobs().end() && separable.contains(one.blob.digest);
    if (!is_layer || blob->second.descriptor.size != one.blob.size) {
      throw Error(ErrorCode::Corrupt, text::cat(one.blob.digest.text(), " of ", one.blob.size,
                                                " bytes is said to be left out, but no image has such a layer"));
    }
    left_out.insert(one.blob.digest);
  }
  std::erase_if(needed, [&](const Graph::BlobNode* blob) { return left_out.contains(digest_of(blob)); });
}

void note_left_out(const SealedDelta& delta, Graph& graph) {
  std::set<std::string> builds_on;
  for (const BuiltOn& one : delta.builds_on) builds_on.insert(shown(one));
  for (const LeftOutBlob& one : delta.left_out) {
    graph.leave_out(one.blob.digest, {.in = {one.in.begin(), one.in.end()}, .builds_on = builds_on});
  }
}

/// Compares the archive with what we would write for `set`, except for the order of blobs: another release may use
/// another one.
void check_canonical(const ArchiveReader& archive, const ImageSet& set, const StoredLocationsByBundle& locations) {
  ContentsBuilder builder(set, locations);
  std::vector<const Graph::BlobNode*> needed = builder.blobs_in_order();
  std::set<Digest> left_out;
  if (const SealedDelta* delta = archive.delta()) {
    remove_left_out(needed, *delta, set);
    for (const LeftOutBlob& one : delta->left_out) left_out.insert(one.blob.digest);
  }
  compare_blobs(archive, needed);
  const ArchivePlan& plan = archive.plan();
  const auto expected = plan.codec->write_files(builder.make_items(), docker_manifest(set, left_out));
  const auto differs = std::ranges::mismatch(expected, plan.front, {}, &FrontFile::content, &FrontFile::content).in2;
  if (differs->name == kSealFile) return;  // only the seal differs, and that is checked by the reader
  throw Error(ErrorCode::Corrupt, text::cat(archive.name(), ": ", differs->name, " does not match its images"));
}

}  // namespace

ImageSet load_sealed_archive(const std::shared_ptr<ImageArchive>& archive, const Context& context) {
  const auto source = std::make_shared<CachingSource>(archive, std::make_shared<CacheBudget>(kCacheBytes));
  LoadedImages loaded = load_images(*archive, source, context);
  ImageSet set(std::move(loaded.images), std::move(loaded.graph));
  check_complete(set);
  check_attached(set);
  check_nesting(set);
  const auto doing = [&] { return text::cat("checking ", archive->name()); };
  with_context(doing, [&] {
    check_canonical(*archive->sealed(), set, load_all_locations(*archive, set, source, context.stop));
  });
  if (const SealedDelta* delta = archive->sealed()->delta()) note_left_out(*delta, set.graph());
  return set;
}

}  // namespace ociferry

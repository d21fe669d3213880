#include <algorithm>
#include <iterator>
#include <variant>

#include "ferry/deliver/attachments.hpp"
#include "ferry/fingerprint.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/attachment_kind.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

namespace {

/// The platforms of an image, from its configuration, or of an index, from its children.
std::vector<std::string> platforms(const Graph& graph, const Digest& digest, CachingSource& source,
                                   const std::stop_token& stop) {
  const Graph::ManifestNode& node = graph.at(digest);
  std::vector<std::string> names;
  if (const auto* manifest = std::get_if<Manifest>(&node.parsed)) {
    const auto config = read_image_config(source, *manifest, stop);
    std::string name = config ? to_string(config->platform) : std::string();
    if (!name.empty()) names.push_back(std::move(name));
    return names;
  }
  for (const Descriptor& child : children_of(node.parsed)) {
    if (!graph.contains(child.digest)) continue;
    std::string name = child.platform ? to_string(*child.platform) : std::string();
    names.push_back(name.empty() ? "unknown" : std::move(name));
  }
  return names;
}

std::vector<Reference> other_names(const SetImage& image) {
  std::vector<Reference> names;
  for (const auto& [repository, tags] : image.also) {
    if (tags.empty()) names.push_back(Reference::by_digest(repository, image.digest()));
    for (const std::string& tag : tags) names.push_back({repository, tag, std::nullopt});
  }
  return names;
}

}  // namespace

InspectReport inspect(const std::filesystem::path& path, const Context& context) {
  const auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes,
                                          nullptr, Reading::InOrder);
  const ImageSet set = load_archive(archive, context);
  warn_of_absent_children(set, *context.progress);
  CachingSource source(archive, std::make_shared<CacheBudget>(0));
  const bool is_sealed = archive->sealed() != nullptr;
  std::map<Digest, Digest> locations;
  for (const ArchiveItem& item : archive->items()) {
    if (is_sealed && item.bundle) locations.emplace(*item.bundle, item.descriptor.digest);
  }
  InspectReport report{.archive = path.string(),
                       .format = std::string(to_string(archive->format())),
                       .is_sealed = is_sealed,
                       .fingerprint = fingerprint_of(*archive),
                       .archive_bytes = archive->total_bytes(),
                       .blobs = blobs_to_verify(*archive, set).size(),
                       .delta = delta_report(*archive)};
  if (archive->compact() != nullptr) report.compact = *archive->compact();
  for (const SetImage& image : set.images()) {
    InspectedImage shown{.reference = image.reference,
                         .descriptor = set.graph().at(image.digest()).raw.descriptor,
                         .tags = {image.tags.begin(), image.tags.end()},
                         .also = other_names(image),
                         .is_root = image.is_root,
                         .is_bundle = image.is_bundle,
                         .is_referrer = image.is_referrer,
                         .total_bytes = set.graph().total_bytes(image.digest()),
                         .platforms = platforms(set.graph(), image.digest(), source, context.stop)};
    std::ranges::copy(subjects_of(set, image), std::back_inserter(shown.subjects));
    if (!shown.subjects.empty()) {
      shown.attached_as = attachment_kind(image.tags, set.graph().at(image.digest()).parsed);
    }
    if (const auto* manifest = std::get_if<Manifest>(&set.graph().at(image.digest()).parsed)) {
      shown.layers = manifest->layers;
    }
    shown.children = set.graph().closure(image.digest());
    shown.children.pop_back();  // the image itself
    shown.absent = absent_below(set.graph(), image.digest());
    if (image.is_bundle) {
      for (const ImageRef& ref : image.lock.images) shown.images.push_back(*ref.image.digest);
    }
    if (const auto at = locations.find(image.digest()); at != locations.end()) {
      shown.locations = at->second;
      shown.locations_files =
          read_locations_files(source, parse(archive->manifest(at->second.text()).value()), context.stop);
    }
    report.images.push_back(std::move(shown));
  }
  return report;
}

}  // namespace ociferry

#include "ferry/write/archive_forecast.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/fd.hpp"
#include "base/room.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/archive_report.hpp"
#include "ferry/write/divided_output.hpp"
#include "ferry/write/partial_forecast.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kLargestShown = 10;
constexpr std::uint64_t kBlock = 512;  ///< the unit of st_blocks

/// The images that have each blob.
std::map<Digest, std::vector<Reference>> users_of_blobs(const ImageSet& set) {
  std::map<Digest, std::vector<Reference>> users;
  for (const SetImage& image : set.images()) {
    std::set<Digest> own;
    for (const Digest& manifest : set.graph().closure(image.digest())) {
      for (const Descriptor& blob : set.graph().blobs_of(manifest)) own.insert(blob.digest);
    }
    for (const Digest& blob : own) users[blob].push_back(image.reference);
  }
  return users;
}

void add_layers(ExportPlan& plan, const ImageSet& set) {
  for (const auto& [digest, images] : users_of_blobs(set)) {
    const Graph::BlobNode& blob = set.graph().blobs().at(digest);
    if (images.size() > 1) plan.shared.add(blob.descriptor.size);
    if (!blob.is_config) plan.largest.push_back({blob.descriptor, images});
  }
  std::ranges::stable_sort(plan.largest, std::ranges::greater{},
                           [](const PlannedLayer& layer) { return layer.layer.size; });
  if (plan.largest.size() > kLargestShown) plan.largest.erase(plan.largest.begin() + kLargestShown, plan.largest.end());
}

void add_room(ExportPlan& plan, const std::filesystem::path& archive) {
  const auto parent = archive.parent_path().empty() ? std::filesystem::path(".") : archive.parent_path();
  const UniqueFd directory = open_file(parent, O_RDONLY | O_DIRECTORY);
  const Room room = room_at(directory.get(), parent.string());
  struct stat partial {};
  const bool has_partial = ::stat(PartialFile::path_for(archive).c_str(), &partial) == 0;
  const std::uint64_t allocated = has_partial ? static_cast<std::uint64_t>(partial.st_blocks) * kBlock : 0;
  plan.free_bytes = room.free_bytes;
  plan.partial_bytes = allocated;
  if (room.largest_file) plan.largest_file = room.largest_file->bytes;
  const auto lack = lack_of_room(room, plan.archive_bytes, allocated, "the archive", parent.string());
  if (lack) plan.lack_of_room = lack->message();
}

void add_volumes(ExportPlan& plan, const DividedOutput& divided) {
  plan.volumes = divided.volumes();
  for (PlannedVolume& volume : plan.volumes) volume.path = volume.path.lexically_normal();
  const std::filesystem::path directory = directory_of_volume(plan.volumes.front().path);
  const VolumeRoom room = room_for_volumes(directory, divided.output());
  plan.free_bytes = room.free_bytes;
  plan.partial_bytes = room.ours;
  plan.largest_file = room.largest_file;
  if (const auto lack = lack_of_room_for(plan.volumes, divided.output())) plan.lack_of_room = lack->message();
}

/// How the archive would be divided; null if there is no room, which `plan` tells then.
std::unique_ptr<DividedOutput> divide_for(ExportPlan& plan, const std::filesystem::path& output,
                                          const VolumeRule& volumes, const ArchivePlan& layout, bool force) {
  try {
    return std::make_unique<DividedOutput>(output, volumes, layout, force);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Space) throw;
    plan.lack_of_room = error.message();
    return nullptr;
  }
}

}  // namespace

ExportPlan plan_archive_of(const ImageSet& set, const std::filesystem::path& output, const Context& context,
                           const ArchiveForm& form) {
  check_digests(set);
  const std::filesystem::path archive = behind_links(output);
  const ArchiveContents contents = archive_contents(set, form.baseline);
  const ArchivePlan layout = plan_of(contents, set);
  check_readable(layout);
  check_promise(layout, form.promised);
  ExportPlan plan{.images = set.images().size(),
                  .archive_bytes = layout.total_bytes,
                  .fingerprint = sha256(layout.seal()),
                  .skipped = skipped_layers(set),
                  .partial = partial_indexes(set),
                  .delta = delta_report(layout)};
  for (const SetImage& image : set.images()) {
    plan.bundles += image.is_bundle ? 1 : 0;
    plan.referrers += image.is_referrer ? 1 : 0;
  }
  const bool is_stream = output == kStreamName;
  const bool divides = form.volumes.divides();
  const bool is_file = !is_stream && !divides;
  const auto divided = divides ? divide_for(plan, output, form.volumes, layout, form.force) : nullptr;
  std::shared_ptr<ArchiveReader> existing;
  std::set<Digest> left;
  if (divided) existing = divided->open_existing(*context.progress);
  if (is_file) {
    existing = open_existing(archive, *context.progress);
    left = blobs_left_of(archive, layout, context);
  }
  for (const Graph::BlobNode* blob : contents.blobs) {
    const Digest& digest = blob->descriptor.digest;
    const bool is_there = left.contains(digest) || (existing && existing->size_of(digest));
    (is_there ? plan.there : plan.fresh).add(blob->descriptor.size);
  }
  add_layers(plan, set);
  if (is_stream) plan.free_bytes = INT64_MAX;
  if (is_file) add_room(plan, archive);
  if (divided) add_volumes(plan, *divided);
  return plan;
}

}  // namespace ociferry

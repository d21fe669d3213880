#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/gather/baseline_reader.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/requested_set.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/write/archive_forecast.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/checksums.hpp"
#include "ferry/write/compact_estimate.hpp"
#include "ferry/write/compact_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/sums_file.hpp"
#include "layout/limits.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/compact_forecast.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kModeOfSums = 0644;
constexpr std::uint64_t kMostUnpacked = 4;  ///< times as large as an older archive is what it unpacks to

void remove_plain_file(const fs::path& file) {
  if (calls::unlinkat(AT_FDCWD, file.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", file.string()), errno);
}

/// Removes the volumes of an archive, their list, and their lines in SHA256SUMS.
void remove_plain_volumes(const fs::path& list) {
  const fs::path directory = directory_of_volume(list);
  std::vector<std::string> names;
  for (const VolumeEntry& entry : parse_volume_list(read_file(list, limits::kLayoutFileBytes), list.string()).volumes) {
    remove_plain_file(directory / entry.name);
    names.push_back(entry.name);
  }
  remove_plain_file(list);
  names.push_back(list.filename().string());
  const UniqueFd lock = lock_sums(directory);
  const std::string sums = sums_in(directory).value_or("");
  const std::string others = update_sums(sums, names, {});
  if (others.empty()) {
    remove_plain_file(directory / kSumsFile);
  } else if (others != sums) {
    write_file_atomically(directory / kSumsFile, others, kModeOfSums);
  }
}

/// Where the plain archive lies meanwhile.
struct PlainPlace {
  ExportOptions options;
  fs::path archive;  ///< what is read: the file, or the list of its volumes
  [[nodiscard]] bool is_divided() const { return options.volumes.divides(); }
};

/// In the work directory; in volumes only where files cannot be as large as it may become, as on FAT.
PlainPlace place_of_plain(const CompactExportOptions& given) {
  const ExportOptions& options = given.plain;
  PlainPlace place{.options = options, .archive = {}};
  const fs::path output = options.volumes.divides() ? options.archive : behind_links(options.archive);
  const fs::path directory = work_directory_of(given.work_directory, output);
  const std::string name = output.filename().string();
  place.options.archive = directory / (name + ".plain");
  place.archive = place.options.archive;
  place.options.volumes = {};
  place.options.verify_medium = false;
  const auto largest = room_for_volumes(directory, name).largest_file;
  if (!options.volumes.divides() || !largest) return place;
  place.options.volumes.bytes = options.volumes.bytes > 0 ? options.volumes.bytes : *largest;
  place.archive = volume_list_name(place.options.archive.string());
  return place;
}

/// Where the plain archive lies, after a look at both outputs. What is built on stays, also while the plain archive is
/// written and removed.
PlainPlace checked_outputs(const CompactExportOptions& given, const Context& context) {
  const ExportOptions& options = given.plain;
  ReadArchives read{.bases = given.since};
  read.bases.insert(read.bases.end(), options.have.begin(), options.have.end());
  check_inputs_stay(read, options.archive, options.volumes, context.volumes);
  check_compact_output(options.archive, options.volumes, options.force);
  PlainPlace plain = place_of_plain(given);
  check_inputs_stay(read, plain.options.archive, plain.options.volumes, context.volumes);
  return plain;
}

/// What becomes of the blobs of the archive.
CompactParts parts_of(const std::vector<const Graph::BlobNode*>& blobs, const std::set<Digest>& layers,
                      const std::vector<std::shared_ptr<ImageArchive>>& older, CompactForecast& forecast) {
  CompactParts parts{.has_base = !older.empty()};
  for (const Graph::BlobNode* node : blobs) {
    const Descriptor& blob = node->descriptor;
    const bool is_layer = layers.contains(blob.digest);
    const auto has_it = [&](const auto& archive) { return archive->size_of(blob.digest) == blob.size; };
    if (is_layer && std::ranges::any_of(older, has_it)) {
      forecast.of_base.add(blob.size);
    } else if (is_layer && blob.media_type.ends_with("gzip")) {
      parts.gzip_bytes += blob.size;
    } else if (is_layer && blob.media_type.ends_with(".tar")) {
      parts.tar_bytes += blob.size;
    } else {
      parts.other_bytes += blob.size;
    }
  }
  return parts;
}

}  // namespace

CompactExportPlan plan_export_compact(const CompactExportOptions& given, const ForecastRule& rule,
                                      const Context& context) {
  const ExportOptions& options = given.plain;
  const PlainPlace plain = checked_outputs(given, context);
  const auto older = open_older(given.since, context);
  check_output(plain.options.archive, options.force, plain.options.volumes);
  Registries registries(context, options.gather);
  std::vector<Reference> left_out;
  const ArchiveForm form{.baseline = read_baseline(options.have, options.for_each_site, context),
                         .volumes = plain.options.volumes,
                         .force = options.force};
  const ImageSet set = requested_set(options, registries, context, left_out);
  CompactExportPlan both{.plain = plan_archive_of(set, plain.options.archive, context, form), .compact = {}};
  CompactForecast& forecast = both.compact;
  forecast.archive_bytes = both.plain.archive_bytes;
  estimate_sizes(forecast, parts_of(archive_contents(set, form.baseline).blobs, separable_layers(set), older, forecast),
                 given.effort);
  estimate_times(forecast, given.effort, rule.cores);
  std::uint64_t older_bytes = 0;
  for (const auto& archive : older) older_bytes += archive->total_bytes();
  const std::uint64_t left = both.plain.archive_bytes - std::min(both.plain.archive_bytes, both.plain.partial_bytes);
  estimate_room(forecast, options.volumes.divides() ? options.archive : behind_links(options.archive), options.volumes,
                rule.parity_percent,
                {.directory = directory_of_volume(plain.options.archive),
                 .bytes = {left + older_bytes, left + kMostUnpacked * older_bytes}});
  return both;
}

CompactExport export_compact(const CompactExportOptions& options, const Context& context) {
  const ExportOptions& wanted = options.plain;
  const PlainPlace plain = checked_outputs(options, context);
  static_cast<void>(open_older(options.since, context));  // fails before anything is fetched
  TransferReport exported = export_archive(plain.options, context);
  exported.volumes.clear();
  try {
    CompactReport compacted = compact_archive({.archive = plain.archive,
                                               .output = wanted.archive,
                                               .effort = options.effort,
                                               .since = options.since,
                                               .force = wanted.force,
                                               .volumes = wanted.volumes,
                                               .verify_medium = wanted.verify_medium,
                                               .work_directory = options.work_directory},
                                              context);
    if (plain.is_divided()) {
      remove_plain_volumes(plain.archive);
    } else {
      remove_plain_file(plain.archive);
    }
    return {.plain = std::move(exported), .compact = std::move(compacted)};
  } catch (Error& error) {
    const std::string place = text::cat(plain.archive.string(), plain.is_divided() ? " and its volumes" : "");
    error.while_doing(text::cat("making a compact archive of the plain one, which is in ", place));
    error.hint(text::cat("the plain archive is in ", place,
                         ": the same command goes on from there, and it can be carried as it is"));
    throw;
  }
}

}  // namespace ociferry

#include <fcntl.h>

#include <cerrno>

#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/deliver/archive_output.hpp"
#include "ferry/deliver/checksums.hpp"
#include "ferry/deliver/compact_output.hpp"
#include "ferry/deliver/sums_file.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "layout/limits.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kModeOfSums = 0644;

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

/// Beside the output; in volumes only where files cannot be as large as it may become, as on FAT.
PlainPlace place_of_plain(const ExportOptions& options) {
  PlainPlace place{.options = options, .archive = {}};
  const fs::path output = options.volumes.divides() ? options.archive : behind_links(options.archive);
  place.options.archive = output.string() + ".plain";
  place.archive = place.options.archive;
  place.options.volumes = {};
  if (!options.volumes.divides()) return place;
  const auto room = room_for_volumes(directory_of_volume(output), output.filename().string());
  if (!room.largest_file) return place;
  place.options.volumes = options.volumes;
  place.archive = volume_list_name(place.options.archive.string());
  return place;
}

}  // namespace

CompactExport export_compact(const ExportOptions& options, CompactEffort effort,
                             const std::vector<std::filesystem::path>& since, const Context& context) {
  if (options.verify_medium) {
    throw Error(ErrorCode::Usage, "a compact archive is not read back from its medium")
        .hint("leave out --verify-medium, and verify it afterwards: ociferry verify --medium");
  }
  check_compact_output(options.archive, options.volumes, options.force);
  static_cast<void>(open_older(since, context));  // fails before anything is fetched
  const PlainPlace plain = place_of_plain(options);
  TransferReport exported = export_archive(plain.options, context);
  exported.volumes.clear();
  try {
    CompactReport compacted = compact_archive({.archive = plain.archive,
                                               .output = options.archive,
                                               .effort = effort,
                                               .since = since,
                                               .force = options.force,
                                               .volumes = options.volumes},
                                              context);
    if (plain.is_divided()) {
      remove_plain_volumes(plain.archive);
    } else {
      remove_plain_file(plain.archive);
    }
    return {.plain = std::move(exported), .compact = std::move(compacted)};
  } catch (Error& error) {
    error.hint(text::cat("the plain archive is in ", plain.archive.string(),
                         plain.is_divided() ? " and its volumes" : "",
                         ": the same command goes on from there, and it can be carried as it is"));
    throw;
  }
}

}  // namespace ociferry

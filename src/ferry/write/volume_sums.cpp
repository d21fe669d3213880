#include "ferry/write/volume_sums.hpp"

#include <algorithm>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/write/checksums.hpp"
#include "ferry/write/sums_file.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kListMode = 0644;

/// Hashes all of `source`, which may be nothing.
template <typename Hash>
void hash_all(MediumSource source, Hash& hasher, Progress& progress, const std::stop_token& stop) {
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (const std::size_t got = source.read(buffer)) {
    throw_if_stopped(stop);
    hasher.update(Bytes(buffer).first(got));
    progress.advance(static_cast<std::int64_t>(got));
  }
}

void sum_volume(const Medium& archive, VolumeEntry& entry, RunningSums::Begun begun, Progress& progress,
                const std::stop_token& stop) {
  Hasher begin;
  hash_all({archive, entry.offset, std::min(kVolumeBegin, entry.size)}, begin, silent_progress(), stop);
  entry.begin = begin.finish();
  hash_all({archive, entry.offset + begun.bytes, entry.size - begun.bytes}, begun.hasher, progress, stop);
  entry.digest = begun.hasher.finish();
}

}  // namespace

void sum_volumes(const Medium& archive, VolumeList& list, std::vector<RunningSums::Begun> begun,
                 const Context& context) {
  if (begun.empty()) begun.resize(list.volumes.size());
  std::uint64_t left = list.archive_bytes;
  for (const RunningSums::Begun& volume : begun) left -= volume.bytes;
  context.progress->phase(text::cat("reading ", list.volumes.size(), " volumes for ", kSumsFile), left);
  run_parallel_or_throw(jobs_or_cores(context.jobs), list.volumes.size(), context.stop,
                        [&](std::size_t i, const std::stop_token& stop) {
                          sum_volume(archive, list.volumes[i], std::move(begun[i]), *context.progress, stop);
                        });
}

void write_volume_sums(const fs::path& directory, const std::vector<VolumeEntry>& here, const std::string& output,
                       std::string_view json) {
  const std::string list_name = volume_list_name(output);
  const std::string old = sums_in(directory).value_or("");
  std::vector<std::string> names{list_name};
  for (const std::string& name : names_in_sums(old)) {
    const auto volume = parse_volume_name(name);
    if (volume && volume->output == output) names.push_back(name);
  }
  std::vector<FileSum> sums;
  for (const VolumeEntry& entry : here) sums.push_back({entry.name, entry.digest});
  sums.push_back({list_name, sha256(json)});
  write_file_atomically(directory / kSumsFile, update_sums(old, names, sums), kListMode);
  write_file_atomically(directory / list_name, json, kListMode);
}

bool has_room_for_list(const fs::path& directory, std::string_view json) {
  constexpr std::uint64_t kSums = 128 * kKiB;  // of 999 volumes, and of other files
  return room_for_volumes(directory, "").free_bytes >= 2 * json.size() + kSums;
}

void check_sums_file(const fs::path& directory, bool force) {
  if (force || sums_in(directory)) return;
  throw Error(ErrorCode::Usage, text::cat((directory / kSumsFile).string(), " is there, and is no list of checksums"))
      .hint("choose another directory, or add --force to replace it; nothing was changed");
}

bool has_sum(const fs::path& directory, const std::string& file) {
  const auto names = names_in_sums(sums_in(directory).value_or(""));
  return std::ranges::find(names, file) != names.end();
}

}  // namespace ociferry

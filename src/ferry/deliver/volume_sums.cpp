#include "ferry/deliver/volume_sums.hpp"

#include <algorithm>

#include "base/fd.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/deliver/checksums.hpp"
#include "ferry/deliver/sums_file.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kListMode = 0644;

void sum_volume(const Medium& archive, VolumeEntry& entry, Progress& progress, const std::stop_token& stop) {
  MediumSource source(archive, entry.offset, entry.size);
  Hasher all;
  Hasher begin;
  std::uint64_t begin_left = std::min(kVolumeBegin, entry.size);
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (const std::size_t got = source.read(buffer)) {
    throw_if_stopped(stop);
    all.update(Bytes(buffer).first(got));
    const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(got, begin_left));
    begin.update(Bytes(buffer).first(first));
    begin_left -= first;
    progress.advance(static_cast<std::int64_t>(got));
  }
  entry.digest = all.finish();
  entry.begin = begin.finish();
}

}  // namespace

void sum_volumes(const Medium& archive, VolumeList& list, const Context& context) {
  context.progress->phase(text::cat("reading ", list.volumes.size(), " volumes for ", kSumsFile), list.archive_bytes);
  run_parallel_or_throw(jobs_or_cores(context.jobs), list.volumes.size(), context.stop,
                        [&](std::size_t i, const std::stop_token& stop) {
                          sum_volume(archive, list.volumes[i], *context.progress, stop);
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

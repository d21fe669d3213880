#include "ferry/write/compact_estimate.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "medium/volumes/volume_places.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kPercent = 100;

/// In percent of the size that they apply to.
struct Percents {
  std::uint64_t least;
  std::uint64_t most;
};

// What compact archives usually take, of layers in gzip: docs/performance.md. Files that are packed already, such as
// jars, take more.
constexpr Percents kFastOfGzip{40, 66};
constexpr Percents kSmallOfGzip{36, 58};
/// Of layers in tars, which are not compressed.
constexpr Percents kOfTar{10, 66};
/// Of new layers, where there is an older release of the same images: from a change of an application on.
constexpr std::uint64_t kLeastOfUpdate = 1;
/// What layers in gzip unpack to.
constexpr Percents kUnpackedOfGzip{200, 350};

/// Bytes a second, of slow and of fast machines.
struct Speeds {
  std::uint64_t least;
  std::uint64_t most;
};

// Bytes a second that are unpacked or packed, on a core of 2020 or later, if it is slow and if it is fast:
// docs/performance.md.
constexpr Speeds kMakeRecipes{15'000'000, 30'000'000};  ///< a core; made and tried
constexpr Speeds kUnpack{60'000'000, 100'000'000};      ///< in all: on one core
constexpr Speeds kPackFast{60'000'000, 100'000'000};    ///< in all: on one core
constexpr Speeds kPackSmall{15'000'000, 30'000'000};    ///< in all: on one core
constexpr Speeds kRebuild{25'000'000, 50'000'000};      ///< a core
constexpr std::size_t kMostReadingCores = 3;            ///< as CompactReader uses

std::uint64_t part_of(std::uint64_t bytes, std::uint64_t percent) {
  return bytes / kPercent * percent + bytes % kPercent * percent / kPercent;
}

std::uint64_t seconds_at(std::uint64_t bytes, std::uint64_t speed) {
  return bytes / speed + (bytes % speed == 0 ? 0 : 1);
}

std::size_t cores_or_own(std::size_t cores) {
  return cores > 0 ? cores : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

std::optional<std::string> lack_of_room(std::string_view what, const Between& bytes, const VolumeRoom& room) {
  if (room.free_bytes >= bytes.most) return std::nullopt;
  const bool is_certain = room.free_bytes < bytes.least;
  return text::cat(what, is_certain ? " takes " : " may take ", is_certain ? bytes.least : bytes.most,
                   is_certain ? " bytes or more" : " bytes", ", but there is room for only ", room.free_bytes, " at ",
                   room.directory.string());
}

struct OutputRoom {
  VolumeRoom all;  ///< of all directories together
  std::set<std::uint64_t> devices = {};
};

OutputRoom room_of_output(const std::filesystem::path& output, const VolumeRule& volumes) {
  const std::string name = output.filename().string();
  if (volumes.directories.empty()) {
    const VolumeRoom room = room_for_volumes(directory_of_volume(output), name);
    return {.all = room, .devices = {room.device}};
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  OutputRoom found{.all = {.directory = {}}};
  std::vector<std::string> names;
  for (const std::filesystem::path& directory : volumes.directories) {
    VolumeRoom room = room_for_volumes(directory, name);
    room.largest_file.reset();  // there may be several volumes
    names.push_back(directory.string());
    if (!found.devices.insert(room.device).second) continue;
    found.all.free_bytes = std::min(kMost, found.all.free_bytes + room_for_one(room, volumes.kept_bytes));
  }
  found.all.directory = text::join(names, ", ");
  return found;
}

}  // namespace

void estimate_sizes(CompactForecast& forecast, const CompactParts& parts, CompactEffort effort) {
  const Percents gzip = effort == CompactEffort::Fast ? kFastOfGzip : kSmallOfGzip;
  const std::uint64_t beside =
      forecast.archive_bytes -
      std::min(forecast.archive_bytes, parts.gzip_bytes + parts.tar_bytes + parts.other_bytes + forecast.of_base.bytes);
  const std::uint64_t least_of_gzip = parts.has_base ? kLeastOfUpdate : gzip.least;
  const std::uint64_t least_of_tar = parts.has_base ? kLeastOfUpdate : kOfTar.least;
  forecast.compact_bytes.least =
      part_of(parts.gzip_bytes, least_of_gzip) + part_of(parts.tar_bytes, least_of_tar) + parts.other_bytes;
  forecast.compact_bytes.most =
      part_of(parts.gzip_bytes, gzip.most) + part_of(parts.tar_bytes, kOfTar.most) + parts.other_bytes + beside;
  forecast.unpacked_bytes.least = part_of(parts.gzip_bytes, kUnpackedOfGzip.least) + parts.tar_bytes;
  forecast.unpacked_bytes.most = part_of(parts.gzip_bytes, kUnpackedOfGzip.most) + parts.tar_bytes;
}

void estimate_times(CompactForecast& forecast, CompactEffort effort, std::size_t cores) {
  forecast.cores = cores_or_own(cores);
  const std::size_t reading = std::min(forecast.cores, kMostReadingCores);
  const Speeds pack = effort == CompactEffort::Fast ? kPackFast : kPackSmall;
  const auto making = [&](std::uint64_t bytes, std::uint64_t recipes, std::uint64_t unpack, std::uint64_t packing) {
    return std::max(seconds_at(bytes, recipes * forecast.cores), seconds_at(bytes, unpack)) +
           seconds_at(bytes, packing);
  };
  const auto rebuilding = [&](std::uint64_t bytes, std::uint64_t rebuild, std::uint64_t unpack) {
    return std::max(seconds_at(bytes, rebuild * reading), seconds_at(bytes, unpack));
  };
  const Between& bytes = forecast.unpacked_bytes;
  forecast.making_seconds = {making(bytes.least, kMakeRecipes.most, kUnpack.most, pack.most),
                             making(bytes.most, kMakeRecipes.least, kUnpack.least, pack.least)};
  forecast.reading_seconds = {rebuilding(bytes.least, kRebuild.most, kUnpack.most),
                              rebuilding(bytes.most, kRebuild.least, kUnpack.least)};
}

void estimate_room(CompactForecast& forecast, const std::filesystem::path& output, const VolumeRule& volumes,
                   unsigned parity_percent, const WorkFiles& work) {
  const OutputRoom found = room_of_output(output, volumes);
  const VolumeRoom& room = found.all;
  const VolumeRoom work_room = room_for_volumes(work.directory, output.filename().string());
  const bool is_shared = found.devices.contains(work_room.device);
  const Between beside = is_shared ? work.bytes : Between{};
  const std::uint64_t percent = kPercent + parity_percent;
  forecast.room_bytes = {part_of(forecast.compact_bytes.least, percent) + beside.least,
                         part_of(forecast.compact_bytes.most, percent) + beside.most};
  forecast.free_bytes = room.free_bytes;
  forecast.lack_of_room = lack_of_room("it", forecast.room_bytes, room);
  // Other media have no room for what goes before it; on the only one, it is counted already.
  const bool is_counted = is_shared && found.devices.size() == 1;
  if (!forecast.lack_of_room && !is_counted) {
    forecast.lack_of_room = lack_of_room("what is written before it", work.bytes, work_room);
  }
}

}  // namespace ociferry

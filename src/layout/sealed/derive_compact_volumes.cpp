#include "layout/sealed/derive_compact_volumes.hpp"

#include <map>

#include "base/text.hpp"
#include "layout/compact_beginning.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// The sizes of OUT.001, OUT.002, ... by their numbers, up to a file that begins another archive.
std::map<std::size_t, std::uint64_t> sizes_by_number(const SetPlace& place) {
  std::map<std::size_t, VolumeFile> numbered;
  for (const VolumeFile& file : files_in(place.directories)) {
    const auto name = parse_volume_name(file.path.filename().string());
    if (name && name->output == place.output) numbered.emplace(name->number, file);
  }
  std::map<std::size_t, std::uint64_t> sizes;
  for (const auto& [number, file] : numbered) {
    if (number > 1) {
      const auto medium = open_medium(file.path);
      if (medium && compact::begins_compact(*medium)) break;
    }
    sizes.emplace(number, file.size);
  }
  return sizes;
}

/// Whether a volume that has another one behind it can have this size, where media of several sizes were filled.
bool may_fill_medium(std::uint64_t size) {
  constexpr std::uint64_t kUnit = 512;
  return size >= compact::kBeginningBytes && size % kUnit == 0;
}

/// Throws Error{Corrupt} if volumes differ from the first one as neither a division into equal ones nor filled media
/// explain. True if any differs.
bool check_sizes(const SetPlace& place, const std::map<std::size_t, std::uint64_t>& sizes) {
  const std::uint64_t each = sizes.begin()->second;
  const std::size_t last = sizes.rbegin()->first;
  bool do_differ = false;
  std::vector<std::string> lines;
  for (const auto& [number, size] : sizes) {
    if (number == last ? size <= each : size == each) continue;
    do_differ = true;
    if (may_fill_medium(each) && (number == last || may_fill_medium(size))) continue;
    lines.push_back(text::cat(text::printable(volume_name(place.output, number)), " has ", size, " bytes, not ", each,
                              size < each ? ": it is cut short" : ": it is of another set, or of an older one"));
  }
  if (lines.empty()) return do_differ;
  throw Error(ErrorCode::Corrupt, text::cat(text::printable(place.first.string()),
                                            " is a volume of a compact archive, and these are no other volumes of it:",
                                            text::listed(lines, kMostVolumes)))
      .hint(text::cat("take them from the sender again, or ", text::printable(volume_list_name(place.output)),
                      ", which tells which file is which volume"));
}

/// Throws Error{Incomplete} if there are gaps in the numbers.
void check_all_numbers(const SetPlace& place, const std::map<std::size_t, std::uint64_t>& sizes) {
  std::vector<std::string> missing;
  for (std::size_t number = 1; number < sizes.rbegin()->first; ++number) {
    if (!sizes.contains(number)) missing.push_back(text::printable(volume_name(place.output, number)));
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::Incomplete, text::cat(text::printable(place.first.string()),
                                               " is a volume of a compact archive, of which others are missing:",
                                               text::listed(missing, kMostVolumes)))
      .hint(
          "give the directories where they are with --volume-dir DIR (can be repeated), or take them from the sender "
          "again; nothing was done yet");
}

/// Volumes of any sizes: where one begins shows only if all before it are there.
std::vector<FoundVolume> volumes_on_media(const SetPlace& place, const std::map<std::size_t, std::uint64_t>& sizes,
                                          Progress& progress) {
  check_all_numbers(place, sizes);
  std::vector<FoundVolume> volumes;
  std::vector<std::string> lines;
  std::uint64_t offset = 0;
  const std::uint64_t first_size = sizes.begin()->second;
  const std::size_t last = sizes.rbegin()->first;
  for (const auto& [number, size] : sizes) {
    const std::string name = volume_name(place.output, number);
    volumes.push_back({.name = name, .offset = offset, .size = size});
    const bool is_short = number != last && size < first_size;
    lines.push_back(text::cat(text::printable(name), " has ", size, " bytes",
                              is_short ? ", fewer than the first: it may be cut short" : ""));
    offset += size;
  }
  progress.warn(text::cat(text::printable(volume_list_name(place.output)),
                          " is not there, and the volumes differ in size, as where several media were filled; whether "
                          "each is whole, and none is missing behind the last one, shows only at the end:",
                          text::listed(lines, kMostVolumes)));
  return volumes;
}

}  // namespace

std::vector<FoundVolume> derive_compact_volumes(const SetPlace& place, Progress& progress) {
  const std::map<std::size_t, std::uint64_t> sizes = sizes_by_number(place);
  if (check_sizes(place, sizes)) return volumes_on_media(place, sizes, progress);
  const std::uint64_t each = sizes.begin()->second;
  const auto [last, last_size] = *sizes.rbegin();
  if (last_size == each) {
    progress.warn(text::cat(text::printable(volume_list_name(place.output)),
                            " is not there, so whether volumes behind ",
                            text::printable(volume_name(place.output, last)), " are missing shows only at the end"));
  }
  std::vector<FoundVolume> volumes;
  for (std::size_t number = 1; number <= last; ++number) {
    const std::uint64_t size = number == last ? last_size : each;
    volumes.push_back({.name = volume_name(place.output, number), .offset = (number - 1) * each, .size = size});
  }
  return volumes;
}

}  // namespace ociferry

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

}  // namespace

std::vector<FoundVolume> derive_compact_volumes(const SetPlace& place, Progress& progress) {
  const std::map<std::size_t, std::uint64_t> sizes = sizes_by_number(place);
  const std::uint64_t each = sizes.begin()->second;
  const auto [last, last_size] = *sizes.rbegin();
  std::vector<std::string> lines;
  for (const auto& [number, size] : sizes) {
    const bool is_right = number == last ? size <= each : size == each;
    if (is_right) continue;
    lines.push_back(text::cat(text::printable(volume_name(place.output, number)), " has ", size, " bytes, not ", each,
                              size < each ? ": it is cut short" : ": it is of another set, or of an older one"));
  }
  const std::string list = text::printable(volume_list_name(place.output));
  if (!lines.empty()) {
    throw Error(ErrorCode::Corrupt, text::cat(text::printable(place.first.string()),
                                              " is a volume of a compact archive, and all but the last one must be as "
                                              "large:",
                                              text::listed(lines, kMostVolumes)))
        .hint(text::cat("take them from the sender again, or ", list, ", which tells which file is which volume"));
  }
  if (last_size == each) {
    progress.warn(text::cat(list, " is not there, so whether volumes behind ",
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

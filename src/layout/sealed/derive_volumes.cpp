#include "layout/sealed/derive_volumes.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "archive/tar_header.hpp"
#include "base/text.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kCandidatesTold = 3;

/// The files called OUT.001, OUT.002, ..., by their numbers. The first one exists, under any name.
using NumberedFiles = std::map<std::size_t, VolumeFile>;

NumberedFiles numbered_files(const SetPlace& place, const std::vector<VolumeFile>& files) {
  NumberedFiles numbered;
  std::error_code unknown;
  numbered.emplace(1, VolumeFile{place.first, fs::file_size(place.first, unknown)});
  if (place.output.empty()) return numbered;
  for (const VolumeFile& file : files) {
    const auto name = parse_volume_name(file.path.filename().string());
    if (name && name->output == place.output) numbered.emplace(name->number, file);
  }
  return numbered;
}

/// The size that most of the volumes have, and at least two; else 0. The last one may be smaller.
std::uint64_t size_of_most(const NumberedFiles& volumes) {
  std::map<std::uint64_t, std::size_t> counts;
  for (const auto& [number, file] : volumes) ++counts[file.size];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
  return most->second > 1 && most->second * 2 >= volumes.size() ? most->first : 0;
}

std::string name_of_output(const SetPlace& place) {
  return place.output.empty() ? place.first.filename().string() : place.output;
}

/// Volumes of these sizes, one behind the other.
std::vector<FoundVolume> volumes_of_sizes(const SetPlace& place, const std::vector<std::uint64_t>& sizes) {
  const std::string output = name_of_output(place);
  std::vector<FoundVolume> volumes;
  std::uint64_t offset = 0;
  for (const std::uint64_t size : sizes) {
    volumes.push_back({.name = volume_name(output, volumes.size() + 1), .offset = offset, .size = size});
    offset += size;
  }
  if (place.output.empty()) volumes.front().name = output;
  return volumes;
}

std::vector<std::uint64_t> even_sizes(std::uint64_t bytes, std::uint64_t each) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t left = bytes; left > 0; left -= sizes.back()) sizes.push_back(std::min(each, left));
  return sizes;
}

/// Follows the volumes from both ends of the archive.
class VolumeChain {
 public:
  VolumeChain(const ArchivePlan& plan, std::vector<VolumeFile> files, NumberedFiles numbered)
      : plan_(plan), files_(std::move(files)), numbered_(std::move(numbered)) {}

  /// The sizes of all volumes. Several missing ones in a row are assumed to have the size of the first one. Throws
  /// Error{Incomplete} if an existing volume contradicts that.
  std::vector<std::uint64_t> sizes(const SetPlace& place) {
    std::vector<std::uint64_t> front;
    std::uint64_t begin = 0;
    for (std::size_t number = 1; begin < plan_.total_bytes && number <= kMostVolumes; ++number) {
      const VolumeFile* const file = at(begin, number);
      if (file == nullptr) break;
      front.push_back(file->size);
      begin += file->size;
    }
    std::vector<std::uint64_t> back;
    std::uint64_t end = plan_.total_bytes;
    std::size_t number = numbered_.rbegin()->first;
    while (begin < end) {
      const VolumeFile* const file = until(end, begin, number);
      if (file == nullptr) break;
      if (number > 0) --number;
      back.push_back(file->size);
      end -= file->size;
    }
    // Of the names of the files behind it follows how many are missing between.
    const bool is_numbered = !back.empty() && number > front.size();
    const std::size_t missing = begin == end ? 0 : is_numbered ? number - front.size() : 1;
    if (missing > 1 || (missing == 1 && back.empty())) {
      const auto is_as_first = [&](std::uint64_t size) { return size == front.front(); };
      const bool is_even = std::ranges::all_of(front, is_as_first) &&
                           std::all_of(back.begin() + (back.empty() ? 0 : 1), back.end(), is_as_first);
      if (is_even && plan_.total_bytes / front.front() < kMostVolumes) {
        return even_sizes(plan_.total_bytes, front.front());
      }
      throw lacks(place, front.size(), missing, begin, end);
    }
    if (missing == 1) front.push_back(end - begin);
    front.insert(front.end(), back.rbegin(), back.rend());
    return front;
  }

 private:
  /// The file that goes on at `offset`: the one with this number, or another one that must be it.
  const VolumeFile* at(std::uint64_t offset, std::size_t number) {
    return find(number, [&](const VolumeFile& file) {
      return file.size > 0 && file.size <= plan_.total_bytes - offset ? fit(file, offset) : Fit::No;
    });
  }
  /// The file that ends at `end`, and does not begin before `begin`.
  const VolumeFile* until(std::uint64_t end, std::uint64_t begin, std::size_t number) {
    return find(number, [&](const VolumeFile& file) {
      return file.size > 0 && file.size <= end - begin ? fit(file, end - file.size) : Fit::No;
    });
  }

  template <typename FitOf>
  const VolumeFile* find(std::size_t number, const FitOf& fit_of) {
    const auto named = numbered_.find(number);
    if (named != numbered_.end() && !used_.contains(named->second.path) && fit_of(named->second) != Fit::No) {
      used_.insert(named->second.path);
      return &named->second;
    }
    for (const VolumeFile& file : files_) {
      if (used_.contains(file.path) || fit_of(file) != Fit::Yes) continue;
      used_.insert(file.path);
      return &file;
    }
    return nullptr;
  }

  [[nodiscard]] Fit fit(const VolumeFile& file, std::uint64_t offset) const {
    try {
      const auto medium = open_medium(file.path);
      return medium ? fits(*medium, plan_, offset, file.size) : Fit::No;
    } catch (const Error&) {
      return Fit::No;  // a file that only lies beside it need not be readable
    }
  }

  /// Files that may go on at `begin`, as far as anything in them tells.
  [[nodiscard]] std::string candidates(std::uint64_t begin, std::uint64_t end, const std::string& name) const {
    std::vector<std::string> names;
    for (const VolumeFile& file : files_) {
      const bool has_size = file.size > 0 && file.size <= end - begin && file.size % kTarBlock == 0;
      if (used_.contains(file.path) || !has_size || fit(file, begin) != Fit::Unknown) continue;
      if (names.size() < kCandidatesTold) names.push_back(text::printable(file.path.string()));
    }
    if (names.empty()) return {};
    return text::cat("; ", text::join(names, " or "), " may be ", name,
                     ": it holds only the middle of one layer, which tells nothing, so it needs that name");
  }

  [[nodiscard]] Error lacks(const SetPlace& place, std::size_t before, std::size_t missing, std::uint64_t begin,
                            std::uint64_t end) const {
    const std::string output = name_of_output(place);
    const std::string first = text::printable(volume_name(output, before + 1));
    const std::string which =
        missing > 1 ? text::cat(first, " to ", text::printable(volume_name(output, before + missing)), " are missing")
                    : text::cat("what follows ", before == 1 ? "the first volume" : text::cat("volume ", before), ", ",
                                first, " and maybe more, is missing, or was cut short");
    return Error(ErrorCode::Incomplete, text::cat(text::printable(place.first.string()), ": ", which, ": ", end - begin,
                                                  " bytes of the archive; the volumes differ in size, and the list "
                                                  "that tells their sizes is not there",
                                                  candidates(begin, end, first)))
        .hint(text::cat("give the directories where they are with --volume-dir DIR (can be repeated), or the list, ",
                        text::printable(volume_list_name(output)), "; nothing was done yet"));
  }

  const ArchivePlan& plan_;
  std::vector<VolumeFile> files_;
  NumberedFiles numbered_;
  std::set<fs::path> used_;
};

}  // namespace

std::vector<FoundVolume> derive_volumes(const SetPlace& place, const ArchivePlan& plan) {
  std::vector<VolumeFile> files = files_in(place.directories);
  NumberedFiles there = numbered_files(place, files);
  std::uint64_t sum = 0;
  for (const auto& [number, file] : there) sum += file.size;
  if (there.rbegin()->first == there.size() && sum == plan.total_bytes) {
    std::vector<std::uint64_t> sizes;
    for (const auto& [number, file] : there) sizes.push_back(file.size);
    return volumes_of_sizes(place, sizes);
  }
  const std::uint64_t each = size_of_most(there);
  if (each == 0 || (plan.total_bytes + each - 1) / each > kMostVolumes) {
    return volumes_of_sizes(place, VolumeChain(plan, std::move(files), std::move(there)).sizes(place));
  }
  return volumes_of_sizes(place, even_sizes(plan.total_bytes, each));
}

}  // namespace ociferry

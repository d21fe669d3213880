#include "layout/sealed/volume_set.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/derive_compact_volumes.hpp"
#include "layout/sealed/derive_volumes.hpp"
#include "layout/sealed/set_place.hpp"
#include "medium/device_reader.hpp"
#include "medium/file_medium.hpp"
#include "medium/volumes/volume_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeadersCompared = 16;

std::string file_of(const fs::path& path) { return text::printable(path.string()); }

/// "volume 3 of 7 (OUT.003, 4000 bytes)"
std::string about(const VolumeSet& set, std::size_t index) {
  const FoundVolume& volume = set.volumes[index];
  return text::cat("volume ", index + 1, " of ", set.volumes.size(), " (", text::printable(volume.name), ", ",
                   volume.size, " bytes)");
}

/// Finds the files of the volumes in the directories.
class VolumeMatcher {
 public:
  VolumeMatcher(VolumeSet& set, std::vector<VolumeFile> files) : set_(set), files_(std::move(files)) {}

  /// Fills the paths of all volumes that are there.
  void match() {
    for (std::size_t i = 0; i < set_.volumes.size(); ++i) match_by_name(i);
    for (std::size_t i = 0; i < set_.volumes.size(); ++i) {
      if (set_.volumes[i].path.empty()) match_by_content(i);
    }
    for (const auto& [path, line] : wrong_) {
      if (!used_.contains(path)) notes_.push_back(text::cat(file_of(path), " ", line));
    }
    note_copies();
    note_surplus();
  }

  /// Only the volume `index`.
  void match(std::size_t index) {
    set_.volumes[index].path.clear();
    match_by_name(index);
    if (set_.volumes[index].path.empty()) match_by_content(index);
  }

  /// What is wrong with the file of this name; empty if there is none.
  [[nodiscard]] std::string problem_of(std::size_t index) const {
    for (const auto& [path, line] : wrong_) {
      if (path.filename() == set_.volumes[index].name) return text::cat(file_of(path), " ", line);
    }
    return {};
  }
  /// For an absent volume: a file that may be it, but has no header that proves it; empty if there is none.
  [[nodiscard]] std::string candidate_for(std::size_t index) const {
    const FoundVolume& volume = set_.volumes[index];
    if (set_.list) return {};  // it tells how volumes begin
    for (const VolumeFile& file : files_) {
      if (used_.contains(file.path) || file.size != volume.size) continue;
      const auto medium = open_medium(file.path);
      if (!medium || fits(*medium, set_.plan, volume.offset, volume.size) != Fit::Unknown) continue;
      return text::cat(": ", file_of(file.path), " has its size, and holds only the middle of one layer, which tells ",
                       "nothing: if it is this volume, rename it to ", text::printable(volume.name));
    }
    return {};
  }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  [[nodiscard]] bool is_volume(const VolumeFile& file, std::size_t index, bool trusts_name) const {
    const FoundVolume& volume = set_.volumes[index];
    if (file.size != volume.size) return false;
    const auto medium = open_medium(file.path);
    if (!medium) return false;
    if (set_.list && digest_of_begin(*medium) == set_.list->volumes[index].begin) return true;
    const Fit fit = fits(*medium, set_.plan, volume.offset, volume.size);
    return fit == Fit::Yes || (fit == Fit::Unknown && trusts_name && !set_.list);
  }

  [[nodiscard]] std::string why_not(const VolumeFile& file, std::size_t index) const {
    const FoundVolume& volume = set_.volumes[index];
    if (file.size < volume.size) return text::cat("is cut short: it has ", file.size, " of ", volume.size, " bytes");
    if (file.size > volume.size) {
      return text::cat("has ", file.size, " bytes, but volume ", index + 1, " has ", volume.size,
                       ": it is of another set, or of an older one");
    }
    for (std::size_t other = 0; other < set_.volumes.size(); ++other) {
      if (other == index || !is_volume(file, other, false)) continue;
      return text::cat("holds volume ", other + 1, ", not volume ", index + 1);
    }
    return text::cat("does not begin as volume ", index + 1,
                     " does: it is of another set, of an older one, or damaged");
  }

  void use(const VolumeFile& file, std::size_t index) {
    set_.volumes[index].path = file.path;
    used_.insert(file.path);
  }

  void match_by_name(std::size_t index) {
    FoundVolume& volume = set_.volumes[index];
    for (const VolumeFile& file : files_) {
      if (file.path.filename() != volume.name) continue;
      if (!is_volume(file, index, true)) {
        wrong_.emplace(file.path, why_not(file, index));
      } else if (volume.path.empty()) {
        use(file, index);
      } else {
        notes_.push_back(there_twice(index, file));
        used_.insert(file.path);
      }
    }
  }

  void match_by_content(std::size_t index) {
    for (const VolumeFile& file : files_) {
      if (used_.contains(file.path) || !is_volume(file, index, false)) continue;
      use(file, index);
      notes_.push_back(text::cat(file_of(file.path), " is volume ", index + 1, ", although its name is not ",
                                 text::printable(set_.volumes[index].name)));
      return;
    }
  }

  /// Volumes that are there once more, under names that are of no other set; of a single one, that is the archive.
  void note_copies() {
    if (set_.volumes.size() < 2) return;
    for (const VolumeFile& file : files_) {
      const auto name = parse_volume_name(file.path.filename().string());
      if (name && name->output != set_.output) continue;
      for (std::size_t i = 0; i < set_.volumes.size(); ++i) {
        if (used_.contains(file.path) || wrong_.contains(file.path) || set_.volumes[i].path.empty()) continue;
        if (!is_copy(file, i)) continue;
        used_.insert(file.path);
        notes_.push_back(there_twice(i, file));
      }
    }
  }

  [[nodiscard]] bool is_copy(const VolumeFile& file, std::size_t index) const {
    try {
      return is_volume(file, index, false);
    } catch (const Error&) {
      return false;  // a file that only lies beside them need not be readable
    }
  }

  [[nodiscard]] std::string there_twice(std::size_t index, const VolumeFile& file) const {
    return text::cat("volume ", index + 1, " is there twice: ", file_of(set_.volumes[index].path), " is read, ",
                     file_of(file.path), " is not");
  }

  /// An older set may have had more volumes.
  void note_surplus() {
    for (const VolumeFile& file : files_) {
      const auto name = parse_volume_name(file.path.filename().string());
      if (!name || name->output != set_.output || name->number <= set_.volumes.size()) continue;
      if (used_.contains(file.path)) continue;
      notes_.push_back(text::cat(file_of(file.path), " is not of this set, which has ", set_.volumes.size(),
                                 " volumes: it is left of another one, and not read"));
    }
  }

  VolumeSet& set_;
  std::vector<VolumeFile> files_;
  std::map<fs::path, std::string> wrong_;
  std::set<fs::path> used_;
  std::vector<std::string> notes_;
};

/// The first volume, by its seal.
class FirstVolume {
 public:
  explicit FirstVolume(const SetPlace& place) : place_(place) {}

  /// The plan of the archive, or nullopt if no file is its beginning; then `problem` may say why.
  std::optional<ArchivePlan> find(std::string& problem) const {
    if (!place_.list) {
      const bool is_named = place_.begun && place_.begun->name() == place_.first.string();
      return is_named ? place_.begun->plan() : ArchiveReader::plan_at(open_medium(place_.first));
    }
    if (place_.begun && is_listed(place_.begun->plan())) return place_.begun->plan();
    const VolumeEntry& entry = place_.list->volumes.front();
    std::vector<VolumeFile> files = files_in(place_.directories);
    std::stable_partition(files.begin(), files.end(),
                          [&](const VolumeFile& file) { return file.path.filename() == entry.name; });
    for (const VolumeFile& file : files) {
      const bool has_name = file.path.filename() == entry.name;
      if (file.size != entry.size) {
        if (has_name) problem = text::cat(file_of(file.path), " has ", file.size, " bytes instead of ", entry.size);
        continue;
      }
      auto plan = plan_of(file.path, problem, has_name);
      if (!plan) continue;
      if (plan->total_bytes == place_.list->archive_bytes) return plan;
      problem = text::cat(file_of(place_.list_path), " does not say the size of the archive");
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool is_listed(const ArchivePlan& plan) const {
    return plan.total_bytes == place_.list->archive_bytes && sha256(plan.seal()) == place_.list->set;
  }

  std::optional<ArchivePlan> plan_of(const fs::path& path, std::string& problem, bool has_name) const {
    auto medium = open_medium(path);
    if (!medium || !(has_name || has_first_header(*medium))) return std::nullopt;
    try {
      ArchivePlan plan = ArchiveReader::plan_at(std::move(medium));
      const Digest seal = sha256(plan.seal());
      if (seal == place_.list->set) return plan;
      if (has_name) {
        problem = text::cat(file_of(path), " is of the set ", seal.text(), ", but ", file_of(place_.list_path),
                            " is of ", place_.list->set.text(), ": one of them is of another set, or of an older one");
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Io || error.code() == ErrorCode::Hostile) throw;
      if (has_name) problem = error.message();
    }
    return std::nullopt;
  }

  const SetPlace& place_;
};

std::vector<FoundVolume> listed_volumes(const VolumeList& list) {
  std::vector<FoundVolume> volumes;
  for (const VolumeEntry& entry : list.volumes) {
    volumes.push_back({.name = entry.name, .offset = entry.offset, .size = entry.size});
  }
  return volumes;
}

constexpr std::string_view kWhereHint =
    "give the directories where they are with --volume-dir DIR (can be repeated), or take them from the sender again; "
    "nothing was done yet";

ArchivePlan await_first(const SetPlace& place, const VolumeSearch& search) {
  while (true) {
    std::string problem;
    if (auto plan = FirstVolume(place).find(problem)) return *std::move(plan);
    const VolumeEntry& entry = place.list->volumes.front();
    const std::size_t count = place.list->volumes.size();
    if (search.ask &&
        search.ask({.number = 1, .count = count, .name = entry.name, .bytes = entry.size, .problem = problem})) {
      continue;
    }
    throw Error(ErrorCode::Incomplete,
                text::cat(file_of(place.list_path), ": volume 1 of ", count, " (", text::printable(entry.name), ", ",
                          entry.size, " bytes) is missing", problem.empty() ? "" : text::cat(": ", problem)))
        .hint(std::string(kWhereHint));
  }
}

/// Throws unless all are there.
void check_all_there(const VolumeSet& set, const VolumeMatcher& matcher, const fs::path& path) {
  std::vector<std::string> lines;
  bool is_missing = false;
  for (std::size_t i = 0; i < set.volumes.size(); ++i) {
    if (!set.volumes[i].path.empty()) continue;
    const std::string problem = matcher.problem_of(i);
    lines.push_back(problem.empty() ? text::cat(about(set, i), " is missing", matcher.candidate_for(i))
                                    : text::cat(about(set, i), " is not there: ", problem));
    is_missing = is_missing || problem.empty();
  }
  if (lines.empty()) return;
  throw Error(is_missing ? ErrorCode::Incomplete : ErrorCode::Corrupt,
              text::cat(file_of(path), ": ", lines.size(), " of ", set.volumes.size(),
                        " volumes cannot be read:", text::listed(lines, kMostVolumes)))
      .hint(std::string(kWhereHint));
}

/// Opens one volume after the other, wherever it is by then.
class VolumeOpener {
 public:
  VolumeOpener(VolumeSet set, VolumeSearch search, DeviceReader* device)
      : set_(std::move(set)), search_(std::move(search)), device_(device) {}

  std::unique_ptr<Medium> open(std::size_t index) {
    while (true) {
      FoundVolume& volume = set_.volumes[index];
      if (!search_.ask) return open_found(volume);
      // Another one may have been put into its place.
      VolumeMatcher matcher(set_, files_in(set_.directories));
      matcher.match(index);
      if (!volume.path.empty()) return open_found(volume);
      const WantedVolume wanted{.number = index + 1,
                                .count = set_.volumes.size(),
                                .name = volume.name,
                                .bytes = volume.size,
                                .problem = matcher.problem_of(index)};
      if (!is_given_up_ && search_.ask(wanted)) continue;
      is_given_up_ = true;  // whoever reads on is not to ask for the same again
      throw Error(ErrorCode::Incomplete, text::cat(about(set_, index), " is missing"))
          .hint("run the same command again, with all volumes at hand (--volume-dir DIR), or change them when asked");
    }
  }

 private:
  [[nodiscard]] std::unique_ptr<Medium> open_found(const FoundVolume& volume) const {
    if (auto medium = device_ != nullptr ? device_->open(volume.path) : open_medium(volume.path)) return medium;
    throw Error(ErrorCode::Io, text::cat(file_of(volume.path), " is no file any more"));
  }

  VolumeSet set_;
  VolumeSearch search_;
  DeviceReader* device_;
  bool is_given_up_ = false;
};

}  // namespace

std::optional<VolumeSet> find_volumes(const fs::path& path, const VolumeSearch& search, Progress& progress,
                                      std::shared_ptr<ArchiveReader>* whole) {
  const auto place = place_of_set(path, search, progress, whole);
  if (!place) return std::nullopt;
  VolumeSet set{.output = place->output,
                .list = place->list,
                .list_path = place->list_path,
                .is_compact = place->is_compact,
                .directories = place->directories};
  if (!set.is_compact) set.plan = await_first(*place, search);
  if (set.list) {
    set.volumes = listed_volumes(*set.list);
  } else {
    set.volumes = set.is_compact ? derive_compact_volumes(*place, progress) : derive_volumes(*place, set.plan);
  }
  VolumeMatcher matcher(set, files_in(place->directories));
  matcher.match();
  for (const std::string& line : matcher.notes()) progress.warn(line);
  if (!search.ask) check_all_there(set, matcher, path);
  return set;
}

std::unique_ptr<Medium> open_volumes(VolumeSet set, const fs::path& path, const VolumeSearch& search,
                                     DeviceReader* device) {
  std::vector<VolumeMedium::Part> parts;
  bool is_all_there = true;
  for (const FoundVolume& volume : set.volumes) {
    const bool is_there = !volume.path.empty();
    is_all_there = is_all_there && is_there;
    parts.push_back({.name = is_there ? volume.path.string() : volume.name, .size = volume.size, .is_there = is_there});
  }
  const std::string output = set.output.empty() ? path.filename().string() : set.output;
  std::string name = name_of_volumes(output, parts.size());
  VolumeSearch how = search;
  if (is_all_there) how.ask = nullptr;
  const auto opener = std::make_shared<VolumeOpener>(std::move(set), std::move(how), device);
  return std::make_unique<VolumeMedium>(
      std::move(name), std::move(parts), [opener](std::size_t index) { return opener->open(index); },
      is_all_there ? VolumeMedium::kMostOpen : 1);
}

Fit fits(const Medium& volume, const ArchivePlan& plan, std::uint64_t offset, std::uint64_t size) {
  auto member = std::ranges::lower_bound(plan.members, offset, {}, &ArchiveMember::header_offset);
  Fit fit = Fit::Unknown;
  for (std::size_t i = 0; i < kHeadersCompared && member != plan.members.end(); ++i, ++member) {
    if (member->offset > offset + size) break;
    const std::string expected = member->header();
    std::string header(expected.size(), '\0');
    const std::size_t got = volume.read_at(member->header_offset - offset, std::as_writable_bytes(std::span(header)));
    if (got == header.size() && header == expected) return Fit::Yes;  // others may be damaged: their reader tells it
    fit = Fit::No;
  }
  return fit;
}

std::vector<std::string> held_within(const ArchivePlan& plan, std::uint64_t offset, std::uint64_t end) {
  std::vector<std::string> held;
  for (const ArchiveMember& member : plan.members) {
    const std::uint64_t content_end = member.offset + member.size;
    if (content_end <= offset || member.offset >= end) continue;
    held.push_back(member.blob ? member.blob->text() : member.file);
  }
  return held;
}

Digest digest_of_begin(const Medium& volume) {
  std::vector<std::byte> begin(std::min(kVolumeBegin, volume.size()));
  const std::size_t got = volume.read_at(0, begin);
  return sha256(as_text(Bytes(begin).first(got)));
}

}  // namespace ociferry

#include "ferry/gather/loose_files.hpp"

#include <algorithm>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "layout/limits.hpp"
#include "layout/sealed/set_place.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "parity/parity_header.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

bool is_regular(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown);
}

std::string output_of_list_name(const std::string& file) {
  const bool is_list = file.ends_with(kVolumeListSuffix) && file.size() > kVolumeListSuffix.size();
  return is_list ? file.substr(0, file.size() - kVolumeListSuffix.size()) : "";
}

std::map<std::size_t, fs::path> volumes_of(const std::string& output, const std::vector<fs::path>& directories) {
  std::map<std::size_t, fs::path> volumes;
  for (const VolumeFile& file : files_in(directories)) {
    const auto name = parse_volume_name(file.path.filename().string());
    if (name && name->output == output) volumes.emplace(name->number, file.path);
  }
  return volumes;
}

std::optional<VolumeList> list_of(const std::string& output, const std::vector<fs::path>& directories,
                                  Progress& progress) {
  for (const fs::path& directory : directories) {
    const fs::path path = directory / volume_list_name(output);
    if (!is_regular(path)) continue;
    try {
      return parse_volume_list(read_file(path, limits::kLayoutFileBytes), path.string());
    } catch (const Error& error) {
      progress.warn(text::cat("looking for the volumes by their names: ", error.message()));
    }
  }
  return std::nullopt;
}

/// The one archive that a directory has volumes of.
std::string output_in(const fs::path& directory) {
  std::set<std::string> outputs;
  for (const VolumeFile& file : files_in({directory})) {
    const std::string name = file.path.filename().string();
    if (const auto volume = parse_volume_name(name); volume && !volume->output.ends_with(kParitySuffix)) {
      outputs.insert(volume->output);
    }
    if (const std::string output = output_of_list_name(name); !output.empty()) outputs.insert(output);
  }
  if (outputs.size() == 1) return *outputs.begin();
  throw Error(ErrorCode::Usage, text::cat(directory.string(),
                                          outputs.empty() ? " holds no volumes" : " holds volumes of several archives"))
      .hint("give the archive, or one of its volumes");
}

/// OUT, if `path` can only mean the volumes of it.
std::string output_named_by(const fs::path& path, const std::vector<fs::path>& directories) {
  const std::string file = path.filename().string();
  if (const std::string output = output_of_list_name(file); !output.empty()) return output;
  if (const auto volume = parse_volume_name(file)) {
    const bool is_alone = volumes_of(volume->output, directories).size() < 2;
    if (!is_alone || !is_regular(path)) return volume->output;
    // The last volume of a set is distinguished from a foreign file of that name by other files of the set.
    const std::string parity = volume->output + std::string(kParitySuffix);
    for (const fs::path& directory : directories) {
      for (const std::string& other : {volume_list_name(volume->output), parity, volume_name(parity, 1)}) {
        if (is_regular(directory / other)) return volume->output;
      }
    }
  }
  return is_regular(path) ? "" : file;
}

}  // namespace

LooseFiles find_loose_files(const fs::path& path, const VolumeSearch& search, Progress& progress) {
  LooseFiles files;
  std::error_code unknown;
  const bool is_directory = fs::is_directory(path, unknown);
  files.directories.push_back(is_directory ? path : path.has_parent_path() ? path.parent_path() : fs::path("."));
  files.directories.insert(files.directories.end(), search.directories.begin(), search.directories.end());
  const std::string output = is_directory ? output_in(path) : output_named_by(path, files.directories);
  if (output.empty()) {
    files.output = path.filename().string();
    files.single = path;
    return files;
  }
  files.output = output;
  files.volumes = volumes_of(output, files.directories);
  files.list = list_of(output, files.directories, progress);
  if (!files.volumes.empty() || files.list) return files;
  throw Error(ErrorCode::NotFound, text::cat(path.string(), " is not there, and neither are volumes of it"))
      .hint("give the directories where they are with --volume-dir DIR");
}

namespace {

struct Slot {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
using Slots = std::vector<Slot>;

std::uint64_t size_of(const fs::path& path) {
  std::error_code unknown;
  const std::uint64_t size = fs::file_size(path, unknown);
  return unknown ? 0 : size;
}

/// Puts the files of a set together.
class LooseJoin {
 public:
  LooseJoin(const LooseFiles& files, std::uint64_t bytes, const LooseContent& content, Progress& progress)
      : files_(files), bytes_(bytes), content_(content), progress_(progress) {}

  std::vector<PatchworkMedium::Piece> pieces() {
    if (!files_.single.empty()) {
      return {{.offset = 0,
               .size = bytes_,
               .name = files_.single.string(),
               .medium = open_loose_file(files_.single, progress_)}};
    }
    std::vector<PatchworkMedium::Piece> pieces;
    for (const PlacedSlot& placed : best_way().slots) {
      const Slot& slot = placed.slot;
      if (!placed.path.empty() && placed.path.filename() != slot.name) {
        progress_.warn(
            text::cat(text::printable(placed.path.string()), " holds what ", text::printable(slot.name), " should"));
      }
      pieces.push_back({.offset = slot.offset,
                        .size = slot.size,
                        .name = placed.path.empty() ? slot.name : placed.path.string(),
                        .medium = placed.path.empty() ? nullptr : open_loose_file(placed.path, progress_)});
    }
    return pieces;
  }

 private:
  struct PlacedSlot {
    Slot slot;
    fs::path path;
  };
  /// A way to put the files together.
  struct Way {
    std::vector<PlacedSlot> slots = {};
    std::size_t right = 0;  ///< files that hold what is known of their places
    std::size_t score = 0;
  };

  [[nodiscard]] Slots listed() const {
    Slots slots;
    for (const VolumeEntry& entry : files_.list->volumes) slots.push_back({entry.name, entry.offset, entry.size});
    return slots;
  }

  /// `size_at(number)`: 0 ends it. Empty unless the sizes make the whole.
  template <typename SizeAt>
  [[nodiscard]] Slots slots_by(const SizeAt& size_at) const {
    Slots slots;
    std::uint64_t offset = 0;
    for (std::size_t number = 1; offset < bytes_ && number <= kMostVolumes; ++number) {
      const std::uint64_t size = size_at(number);
      if (size == 0 || size > bytes_ - offset) return {};
      slots.push_back({volume_name(files_.output, number), offset, size});
      offset += size;
    }
    return offset == bytes_ ? slots : Slots();
  }

  /// By the sizes of the files, of which one may be lost.
  [[nodiscard]] Slots as_they_are() const {
    std::uint64_t sum = 0;
    for (const auto& [number, path] : files_.volumes) sum += size_of(path);
    return slots_by([&](std::size_t number) {
      const auto found = files_.volumes.find(number);
      return found != files_.volumes.end() ? size_of(found->second) : bytes_ - std::min(sum, bytes_);
    });
  }

  /// All but the last as large as the largest: some are cut short, or lost.
  [[nodiscard]] Slots alike() const {
    std::uint64_t largest = 0;
    for (const auto& [number, path] : files_.volumes) largest = std::max(largest, size_of(path));
    std::uint64_t left = bytes_;
    return slots_by([&](std::size_t) {
      const std::uint64_t size = std::min(largest, left);
      left -= size;
      return size;
    });
  }

  /// Each file where its content belongs: behind the one before it, at the end, or wherever. All between is lost.
  [[nodiscard]] Slots by_content() const {
    std::map<std::uint64_t, Slot> found;
    std::uint64_t behind = 0;
    for (const auto& [number, path] : files_.volumes) {
      const std::uint64_t size = size_of(path);
      const auto medium = open_loose_file(path, silent_progress());
      if (!medium || size == 0 || size > bytes_) continue;
      const auto is_at = [&](std::uint64_t offset) {
        return offset <= bytes_ - size && content_.match(*medium, offset, size) > 0;
      };
      std::optional<std::uint64_t> offset;
      if (is_at(behind)) {
        offset = behind;
      } else if (is_at(bytes_ - size)) {
        offset = bytes_ - size;
      } else if (content_.locate) {
        offset = content_.locate(*medium);
      }
      if (!offset || *offset > bytes_ - size) continue;
      found.emplace(*offset, Slot{path.filename().string(), *offset, size});
      behind = *offset + size;
    }
    return with_gaps(found);
  }

  [[nodiscard]] Slots with_gaps(const std::map<std::uint64_t, Slot>& found) const {
    Slots slots;
    std::uint64_t end = 0;
    const auto lose_until = [&](std::uint64_t offset) {
      if (offset > end) slots.push_back({text::cat("a lost volume of ", files_.output), end, offset - end});
    };
    for (const auto& [offset, slot] : found) {
      if (offset < end) continue;  // two copies of the same
      lose_until(offset);
      slots.push_back(slot);
      end = offset + slot.size;
    }
    if (!slots.empty()) lose_until(bytes_);
    return slots;
  }

  [[nodiscard]] std::size_t score_of(const fs::path& path, const Slot& slot) const {
    const auto medium = open_loose_file(path, silent_progress());
    return medium ? content_.match(*medium, slot.offset, slot.size) : 0;
  }

  [[nodiscard]] fs::path named(const std::string& name) const {
    for (const fs::path& directory : files_.directories) {
      if (is_regular(directory / name)) return directory / name;
    }
    return {};
  }

  [[nodiscard]] Way way_of(const Slots& slots) const {
    Way way{.score = slots.empty() ? 0U : 1U};
    for (const Slot& slot : slots) {
      std::size_t score = 0;
      way.slots.push_back({slot, file_for(slot, score)});
      way.right += score > 0 ? 1 : 0;
      way.score += score;
    }
    return way;
  }

  [[nodiscard]] Way best_way() const {
    if (files_.list && files_.list->archive_bytes == bytes_) return way_of(listed());
    Way best;
    for (const Slots& slots : {as_they_are(), alike()}) {
      if (Way way = way_of(slots); way.score > best.score) best = std::move(way);
    }
    if (best.right < files_.volumes.size()) {
      if (Way way = way_of(by_content()); way.right > best.right) best = std::move(way);
    }
    if (!best.slots.empty()) return best;
    throw Error(ErrorCode::Incomplete,
                text::cat("the ", files_.volumes.size(), " volumes of ", files_.output,
                          " that are there do not tell where each begins: it has ", bytes_, " bytes"))
        .hint(text::cat("give their list, ", volume_list_name(files_.output), ", which tells their sizes"));
  }

  /// The file of its name, unless only another one has its content. `score`: how much of that.
  [[nodiscard]] fs::path file_for(const Slot& slot, std::size_t& score) const {
    fs::path best = named(slot.name);
    score = best.empty() ? 0 : score_of(best, slot);
    if (score > 0) return best;
    for (const VolumeFile& file : files_in(files_.directories)) {
      if (file.size != slot.size) continue;
      const std::size_t of_file = score_of(file.path, slot);
      if (of_file > score) best = file.path;
      score = std::max(score, of_file);
    }
    return best;
  }

  const LooseFiles& files_;
  std::uint64_t bytes_;
  const LooseContent& content_;
  Progress& progress_;
};

}  // namespace

std::shared_ptr<const Medium> open_loose_file(const fs::path& path, Progress& progress) {
  try {
    if (auto medium = open_medium(path)) return medium;
    progress.warn(text::cat(path.string(), " is no file, and counts as lost"));
  } catch (const Error& error) {
    progress.warn(text::cat(error.message(), "; it counts as lost"));
  }
  return nullptr;
}

std::shared_ptr<PatchworkMedium> join_loose_files(const LooseFiles& files, std::uint64_t bytes,
                                                  const LooseContent& content, Progress& progress) {
  std::vector<PatchworkMedium::Piece> pieces = LooseJoin(files, bytes, content, progress).pieces();
  std::string name = files.single.empty() ? (files.directories.front() / files.output).lexically_normal().string()
                                          : files.single.string();
  return std::make_shared<PatchworkMedium>(std::move(name), bytes, std::move(pieces));
}

}  // namespace ociferry

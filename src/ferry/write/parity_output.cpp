#include "ferry/write/parity_output.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/archive_output.hpp"
#include "layout/sealed/set_place.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_output.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "parity/parity_header.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBeginLooked = 512;
constexpr std::string_view kParity = "the parity";
constexpr std::uint64_t kBesideParity = 64 * 1024;  ///< for lines of SHA256SUMS

std::vector<std::byte> begin_of(const Medium& medium) {
  std::vector<std::byte> begin(kBeginLooked);
  begin.resize(medium.read_at(0, begin));
  return begin;
}

bool begins_like_parity(const Medium& medium) { return has_parity_magic(begin_of(medium)); }

/// As partial files of parity and of repaired archives do while nothing is at their beginning.
bool begins_with_zeros(const Medium& medium) {
  return std::ranges::all_of(begin_of(medium), [](std::byte byte) { return byte == std::byte{0}; });
}

std::vector<fs::path> parity_files_in(const std::vector<fs::path>& directories, const std::string& parity) {
  std::vector<fs::path> files;
  for (const fs::path& directory : directories) {
    for (const VolumeFile& file : files_in({directory})) {
      const std::string name = file.path.filename().string();
      const auto volume = parse_volume_name(name);
      if (name == parity || (volume && volume->output == parity)) files.push_back(directory / name);
    }
  }
  return files;
}

std::uint64_t size_of_files(const std::vector<fs::path>& files) {
  std::uint64_t bytes = 0;
  for (const fs::path& file : files) bytes += fs::file_size(file);
  return bytes;
}

void remove_file(const fs::path& path) {
  if (calls::unlinkat(AT_FDCWD, path.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", path.string()), errno);
}

}  // namespace

DiscardedPartials::~DiscardedPartials() {
  for (const fs::path& output : outputs_) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, PartialFile::path_for(output).c_str(), 0));
  }
}

void check_may_replace(const fs::path& file, bool force, bool (*is_ours)(const Medium&), std::string_view what) {
  std::error_code unknown;
  if (!fs::exists(file, unknown) && !fs::exists(PartialFile::path_for(file), unknown)) return;
  if (fs::exists(file, unknown) && !fs::is_regular_file(file, unknown)) {
    throw Error(ErrorCode::Usage, text::cat(file.string(), " is in the way: it is not a file"))
        .hint("choose another output; nothing was changed");
  }
  if (force) return;
  const fs::path partial = PartialFile::path_for(file);
  for (const fs::path& one : {file, partial}) {
    if (!fs::is_regular_file(one, unknown)) continue;
    const auto medium = open_medium(one);
    if (!medium || medium->size() == 0 || is_ours(*medium)) continue;
    if (one == partial && begins_with_zeros(*medium)) continue;
    throw Error(ErrorCode::Usage, text::cat(one.string(), " exists, and is not ", what))
        .hint("choose another output, or add --force to replace it; nothing was changed");
  }
}

ParityOutput::ParityOutput(fs::path output, bool force, const std::vector<fs::path>& anywhere)
    : output_(anywhere.empty() ? behind_links(output) : std::move(output)),
      directories_(anywhere),
      name_(output_.filename().string()),
      is_anywhere_(!anywhere.empty()) {
  if (!is_anywhere_) directories_ = {directory_of_volume(output_)};
  std::error_code unknown;
  if (name_.empty() || name_ == "." || name_ == ".." || (!is_anywhere_ && fs::is_directory(output_, unknown))) {
    throw Error(ErrorCode::Usage, text::cat("'", output_.string(), "' is not a file name for parity"));
  }
  for (const fs::path& directory : directories_) {
    if (!fs::is_directory(directory, unknown)) {
      throw Error(ErrorCode::NotFound, text::cat(directory.string(), " is no directory"))
          .hint("make it, or choose another output");
    }
    check_may_replace(directory / name_, force, begins_like_parity, "parity that ociferry wrote");
    // Only the first volume has a header.
    check_may_replace(directory / volume_name(name_, 1), force, begins_like_parity, "parity that ociferry wrote");
  }
}

std::vector<PlannedVolume> ParityOutput::plan(std::uint64_t bytes, std::uint64_t volume_bytes) const {
  if (is_anywhere_) {
    std::vector<VolumeRoom> rooms;
    for (const fs::path& directory : directories_) rooms.push_back(room_for_volumes(directory, name_));
    return fill_last_room(rooms, name_, bytes, kBesideParity, kParity);
  }
  if (volume_bytes > 0 && bytes > volume_bytes) return divide(directories_.front(), name_, bytes, volume_bytes);
  return {{output_, bytes}};
}

/// All that would be read as this parity: its files, and volumes that are more than it has now.
std::vector<fs::path> ParityOutput::earlier_files() const { return parity_files_in(directories_, name_); }

std::vector<fs::path> ParityOutput::there(std::uint64_t bytes, std::uint64_t volume_bytes) const {
  std::vector<fs::path> files = earlier_files();
  if (size_of_files(files) != bytes) return {};
  std::ranges::sort(files, {}, [](const fs::path& file) { return file.filename(); });
  const auto is_planned = [](const PlannedVolume& planned, const fs::path& file) {
    std::error_code unknown;
    return fs::equivalent(planned.path, file, unknown) && fs::file_size(file, unknown) == planned.bytes;
  };
  if (!is_anywhere_ && !std::ranges::equal(plan(bytes, volume_bytes), files, is_planned)) return {};
  return files;
}

/// Removes what a killed run left, which cannot be resumed. Throws Error{Busy} if another process still writes it.
void ParityOutput::remove_partials() const {
  for (const fs::path& directory : directories_) {
    for (std::size_t number = 0; number <= kMostVolumes; ++number) {
      const fs::path file = directory / (number == 0 ? name_ : volume_name(name_, number));
      std::error_code unknown;
      if (!fs::exists(PartialFile::path_for(file), unknown)) continue;
      const PartialFile locked(file);
      remove_file(PartialFile::path_for(file));
    }
  }
}

std::vector<fs::path> ParityOutput::write(std::uint64_t bytes, std::uint64_t volume_bytes,
                                          const std::function<void(OutputMedium&)>& write) const {
  if (is_anywhere_) remove_partials();
  const std::vector<PlannedVolume> volumes = plan(bytes, volume_bytes);
  std::vector<fs::path> files;
  for (const PlannedVolume& volume : volumes) files.push_back(volume.path);
  const std::vector<fs::path> replaced = earlier_files();
  const bool is_divided = files.size() > 1 || files.front().filename() != name_;
  std::unique_ptr<OutputMedium> medium;
  if (is_divided) {
    medium = std::make_unique<VolumeOutput>(name_, volumes, replaced, std::vector<fs::path>());
  } else {
    medium = std::make_unique<PartialFile>(files.front());
  }
  DiscardedPartials partials(files);
  try {
    medium->reserve(bytes, Existing::Discard);
    write(*medium);
    medium->sync();
    medium->publish();
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) error.while_doing(text::cat("writing parity of ", bytes, " bytes"));
    throw;
  }
  partials.release();
  for (const fs::path& old : replaced) {
    const bool is_new = std::ranges::any_of(files, [&](const fs::path& one) {
      std::error_code gone;
      return fs::equivalent(one, old, gone);
    });
    if (!is_new) remove_file(old);
  }
  return files;
}

void check_room_for_parity(const std::vector<VolumeRoom>& rooms, const std::string& output, std::uint64_t archive_bytes,
                           unsigned percent, std::uint64_t beside) {
  const std::uint64_t bytes = ParityLayout(choose_parity_shape(archive_bytes, percent)).total_bytes();
  const std::string name = output + std::string(kParitySuffix);
  std::vector<fs::path> directories;
  for (const VolumeRoom& room : rooms) directories.push_back(room.directory);
  if (size_of_files(parity_files_in(directories, name)) == bytes) return;  // of the same command, most likely
  static_cast<void>(fill_last_room(rooms, name, bytes, beside, kParity));
}

}  // namespace ociferry

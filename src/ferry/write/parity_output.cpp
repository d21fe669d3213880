#include "ferry/write/parity_output.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/archive_output.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_output.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "parity/parity_file.hpp"
#include "parity/parity_header.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBeginLooked = 512;
constexpr std::string_view kParity = "the parity";
constexpr std::string_view kOurParity = "parity that ociferry wrote";
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

bool is_file_there(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown);
}

/// As partial files of parity do that begin it, or of which nothing is written yet.
bool may_begin_parity(const fs::path& partial) {
  if (!is_file_there(partial)) return false;
  const auto medium = open_medium(partial);
  return medium && (begins_with_zeros(*medium) || begins_like_parity(*medium));
}

/// NAME.001, NAME.002, ... in any of the directories, until one is missing.
std::vector<fs::path> numbered_files(const std::vector<fs::path>& directories, const std::string& name) {
  std::vector<fs::path> files;
  while (files.size() < kMostVolumes) {
    const std::string next = volume_name(name, files.size() + 1);
    const auto found =
        std::ranges::find_if(directories, [&](const fs::path& directory) { return is_file_there(directory / next); });
    if (found == directories.end()) break;
    files.push_back(*found / next);
  }
  return files;
}

/// How large all of the parity is that begins with the first of `files`, by the first whole header in them. 0 if they
/// are not known to be parity.
std::uint64_t parity_bytes_told_by(const std::vector<fs::path>& files) {
  try {
    for (const fs::path& file : files) {
      const auto medium = open_medium(file);
      if (!medium || (file == files.front() && !begins_like_parity(*medium))) return 0;
      const auto header = find_parity_header(*medium, HeaderSearch::Ends, {});
      if (header) return ParityLayout(header->shape).total_bytes();
    }
  } catch (const Error&) {  // a file that has such a name need not be readable
  }
  return 0;
}

/// The volumes of earlier parity: what begins like parity, and follows without a gap, up to the size of that parity.
/// Any other file with such a name is not ours.
std::vector<fs::path> earlier_volumes(const std::vector<fs::path>& directories, const std::string& name) {
  std::vector<fs::path> files = numbered_files(directories, name);
  std::uint64_t left = parity_bytes_told_by(files);
  std::size_t ours = 0;
  for (; ours < files.size() && left > 0; ++ours) {
    const std::uint64_t size = fs::file_size(files[ours]);
    if (size > left) break;
    left -= size;
  }
  files.resize(ours);
  return files;
}

/// Volumes last, in order.
std::vector<fs::path> earlier_parity(const std::vector<fs::path>& directories, const std::string& name) {
  std::vector<fs::path> files;
  for (const fs::path& directory : directories) {
    if (is_file_there(directory / name)) files.push_back(directory / name);
  }
  const std::vector<fs::path> volumes = earlier_volumes(directories, name);
  files.insert(files.end(), volumes.begin(), volumes.end());
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

void write_whole(OutputMedium& medium, std::uint64_t bytes, const std::function<void(OutputMedium&)>& write) {
  try {
    medium.reserve(bytes, Existing::Discard);
    write(medium);
    medium.sync();
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) error.while_doing(text::cat("writing parity of ", bytes, " bytes"));
    throw;
  }
}

void publish_volumes(VolumeOutput& medium, const std::vector<fs::path>& files, const std::string& name) {
  try {
    medium.publish();
  } catch (Error& error) {
    const auto named = std::ranges::count_if(files, [](const fs::path& file) {
      std::error_code unknown;
      return !fs::exists(PartialFile::path_for(file), unknown);
    });
    error.while_doing(text::cat("giving ", files.size(), " volumes of ", name, " their names, in place of older ones; ",
                                named,
                                " have them, and the others are whole, but still have .partial behind their names"));
    error.hint(
        "see to it that all directories can be written, and run the same command again: it replaces all that "
        "is there");
    throw;
  }
}

}  // namespace

DiscardedPartials::~DiscardedPartials() {
  // The first one last: it tells what the others are.
  for (auto output = outputs_.rbegin(); output != outputs_.rend(); ++output) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, PartialFile::path_for(*output).c_str(), 0));
  }
}

void check_may_replace(const fs::path& file, bool force, const std::function<bool(const Medium&)>& is_ours,
                       std::string_view what) {
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

ParityOutput::ParityOutput(ParityPlace place)
    : place_(std::move(place)),
      is_anywhere_(!place_.anywhere.empty()),
      output_(is_anywhere_ ? place_.output : behind_links(place_.output)),
      directories_(is_anywhere_ ? place_.anywhere : std::vector<fs::path>{directory_of_volume(output_)}),
      name_(output_.filename().string()) {
  std::error_code unknown;
  if (name_.empty() || name_ == "." || name_ == ".." || (!is_anywhere_ && fs::is_directory(output_, unknown))) {
    throw Error(ErrorCode::Usage, text::cat("'", output_.string(), "' is not a file name for parity"));
  }
  for (const fs::path& directory : directories_) {
    if (!fs::is_directory(directory, unknown)) {
      throw Error(ErrorCode::NotFound, text::cat(directory.string(), " is no directory"))
          .hint("make it, or choose another output");
    }
    // A file of that name would be read as the parity, even if there are volumes.
    check_may_write(directory / name_, {});
    // How many volumes there will be is not known yet.
    if (is_anywhere_ || place_.volume_bytes > 0) check_may_write(directory / volume_name(name_, 1), {});
  }
}

void ParityOutput::check_may_write(const fs::path& file, const std::vector<fs::path>& earlier) const {
  const std::string name = file.filename().string();
  const auto is_ours = [&](const Medium& medium) {
    if (name == name_ || name == volume_name(name_, 1)) return begins_like_parity(medium);
    return medium.name() == file.string() ? std::ranges::find(earlier, file) != earlier.end() : is_begun(earlier);
  };
  check_may_replace(file, place_.force, is_ours, kOurParity);
}

bool ParityOutput::is_begun(const std::vector<fs::path>& earlier) const {
  const std::string first = volume_name(name_, 1);
  if (std::ranges::any_of(earlier, [&](const fs::path& file) { return file.filename() == first; })) return true;
  return std::ranges::any_of(directories_, [&](const fs::path& directory) {
    return may_begin_parity(PartialFile::path_for(directory / first));
  });
}

std::vector<PlannedVolume> ParityOutput::plan(std::uint64_t bytes) const {
  if (is_anywhere_) {
    std::vector<VolumeRoom> rooms;
    for (const fs::path& directory : directories_) rooms.push_back(room_for_volumes(directory, name_));
    return fill_last_room(rooms, name_, bytes, kBesideParity, kParity);
  }
  if (place_.volume_bytes > 0 && bytes > place_.volume_bytes) {
    return divide(directories_.front(), name_, bytes, place_.volume_bytes);
  }
  return {{output_, bytes}};
}

std::vector<fs::path> ParityOutput::there(std::uint64_t bytes) const {
  std::vector<fs::path> files = earlier_parity(directories_, name_);
  if (size_of_files(files) != bytes) return {};
  const auto is_planned = [](const PlannedVolume& planned, const fs::path& file) {
    std::error_code unknown;
    return fs::equivalent(planned.path, file, unknown) && fs::file_size(file, unknown) == planned.bytes;
  };
  if (!is_anywhere_ && !std::ranges::equal(plan(bytes), files, is_planned)) return {};
  return files;
}

/// Removes what a killed run left, which cannot be resumed. Throws Error{Busy} if another process still writes it.
void ParityOutput::remove_partials() const {
  const bool are_ours = is_begun(earlier_parity(directories_, name_));
  for (const fs::path& directory : directories_) {
    for (std::size_t number = kMostVolumes + 1; number-- > 0;) {  // the first one last: it tells what the others are
      const fs::path file = directory / (number == 0 ? name_ : volume_name(name_, number));
      const fs::path partial = PartialFile::path_for(file);
      if (!is_file_there(partial) || (number > 1 && !are_ours && !may_begin_parity(partial))) continue;
      const PartialFile locked(file);
      remove_file(partial);
    }
  }
}

std::vector<fs::path> ParityOutput::write(std::uint64_t bytes, const std::function<void(OutputMedium&)>& write) const {
  if (is_anywhere_) remove_partials();
  const std::vector<PlannedVolume> volumes = plan(bytes);
  std::vector<fs::path> files;
  for (const PlannedVolume& volume : volumes) files.push_back(volume.path);
  std::vector<fs::path> replaced = earlier_parity(directories_, name_);
  for (const fs::path& file : files) check_may_write(file, replaced);
  std::ranges::reverse(replaced);  // the first one goes last: it tells that the others are ours
  if (files.size() > 1 || files.front().filename() != name_) {
    VolumeOutput medium(name_, volumes, replaced, {});
    DiscardedPartials partials(files);
    write_whole(medium, bytes, write);
    partials.release();  // the older parity goes first, so these are kept, whatever happens now
    publish_volumes(medium, files, name_);
    return files;
  }
  PartialFile medium(files.front());
  DiscardedPartials partials(files);
  write_whole(medium, bytes, write);
  medium.publish();
  partials.release();
  for (const fs::path& old : replaced) {
    std::error_code gone;
    if (!fs::equivalent(files.front(), old, gone)) remove_file(old);
  }
  return files;
}

void check_room_for_parity(const std::vector<VolumeRoom>& rooms, const std::string& output, std::uint64_t archive_bytes,
                           unsigned percent, std::uint64_t beside) {
  const std::uint64_t bytes = ParityLayout(choose_parity_shape(archive_bytes, percent)).total_bytes();
  const std::string name = output + std::string(kParitySuffix);
  std::vector<fs::path> directories;
  for (const VolumeRoom& room : rooms) directories.push_back(room.directory);
  if (size_of_files(earlier_parity(directories, name)) == bytes) return;  // of the same command, most likely
  static_cast<void>(fill_last_room(rooms, name, bytes, beside, kParity));
}

}  // namespace ociferry

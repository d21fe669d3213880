#include "ferry/write/sums_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/stop.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/checksums.hpp"
#include "medium/file_medium.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMostBytesOfSums = 1024 * 1024;
constexpr unsigned kSumsMode = 0644;

/// True if `name` is OUT, or a volume of it.
bool is_part_of(const std::string& output, const std::string& name) {
  const auto volume = parse_volume_name(name);
  return name == output || (volume && volume->output == output);
}

/// Not every file system has locks. One that is held, with LOCK_NB, does not matter either.
void take_lock(int fd, int how, const fs::path& directory) {
  while (calls::flock(fd, how) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK) return;
    if (errno == EWOULDBLOCK && (how & LOCK_NB) != 0) return;
    if (errno != EINTR) throw system_error(text::cat("locking ", directory.string()), errno);
  }
}

/// False if another file was renamed to `file` since it was opened.
bool is_same_file(int fd, const fs::path& file) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::lstat(file.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

std::optional<std::string> sums_in(const fs::path& directory) {
  const fs::path file = directory / kSumsFile;
  std::error_code unknown;
  if (!fs::exists(fs::symlink_status(file, unknown))) return "";
  if (!fs::is_regular_file(fs::symlink_status(file)) || fs::file_size(file) > kMostBytesOfSums) return std::nullopt;
  std::string content = read_file(file, kMostBytesOfSums);
  return content.find('\0') == std::string::npos ? std::optional(std::move(content)) : std::nullopt;
}

UniqueFd lock_sums(const fs::path& directory) {
  const fs::path file = directory / kSumsFile;
  while (true) {
    // The directory itself may be locked by who started this program, as flock(1) does, for as long as it runs.
    std::error_code unknown;
    const bool is_there = fs::is_regular_file(fs::symlink_status(file, unknown));
    UniqueFd fd = open_file(is_there ? file : directory, O_RDONLY | O_NOFOLLOW);
    take_lock(fd.get(), is_there ? LOCK_EX : LOCK_EX | LOCK_NB, directory);
    if (!is_there || is_same_file(fd.get(), file)) return fd;
  }
}

Digest sum_of_file(const fs::path& file, std::string_view what, const Context& context) {
  const auto medium = open_medium(file);
  if (!medium) throw Error(ErrorCode::Io, text::cat(file.string(), " is no file any more"));
  context.progress->phase(text::cat("reading ", what, " for ", kSumsFile), medium->size());
  Hasher hasher;
  std::vector<std::byte> buffer(kReadBufferBytes);
  std::uint64_t offset = 0;
  while (const std::size_t got = medium->read_at(offset, buffer)) {
    throw_if_stopped(context.stop);
    hasher.update(MutableBytes(buffer).first(got));
    medium->done_with(offset, got);
    offset += got;
    context.progress->advance(static_cast<std::int64_t>(got));
  }
  return hasher.finish();
}

void write_parity_sums(const std::vector<fs::path>& directories, const std::string& archive, const std::string& parity,
                       const std::vector<fs::path>& files, const Context& context) {
  for (const fs::path& directory : directories) {
    std::error_code unknown;
    if (!fs::exists(directory / kSumsFile, unknown)) continue;
    const UniqueFd lock = lock_sums(directory);
    const auto list = sums_in(directory);
    if (!list) continue;
    bool is_about_them = false;
    std::vector<std::string> replaced;
    for (const std::string& name : names_in_sums(*list)) {
      const bool is_parity = is_part_of(parity, name);
      is_about_them = is_about_them || is_parity || is_part_of(archive, name) || name == volume_list_name(archive);
      const bool is_new = std::ranges::any_of(
          files, [&](const fs::path& file) { return file.filename() == name && lies_in(file, directory); });
      // What else is still there only has the name of a volume of it.
      if (is_parity && (is_new || !fs::exists(directory / name, unknown))) replaced.push_back(name);
    }
    if (!is_about_them) continue;
    std::vector<FileSum> sums;
    for (const fs::path& file : files) {
      if (!lies_in(file, directory)) continue;
      sums.push_back({file.filename().string(), sum_of_file(file, "the parity", context)});
    }
    const std::string updated = update_sums(*list, replaced, sums);
    if (updated != *list) write_file_atomically(directory / kSumsFile, updated, kSumsMode);
  }
}

}  // namespace ociferry

#include "layout/sealed/archive_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/room.hpp"
#include "base/sizes.hpp"
#include "base/system_calls.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// A partial file of so many bytes is worth a sync at its beginning: without its table nothing of it could be kept.
constexpr std::uint64_t kWorthKeeping = 64 * kMiB;

class HashSink : public ByteSink {
 public:
  explicit HashSink(std::string_view algorithm) : hasher(algorithm) {}
  void write(Bytes bytes) override { hasher.update(bytes); }
  Hasher hasher;
};

}  // namespace

ArchiveWriter::ArchiveWriter(std::filesystem::path archive, ArchivePlan plan, const PieceRules& rules,
                             const SlowStream& slow)
    : archive_(std::move(archive)),
      partial_(partial_path(archive_)),
      name_(partial_.string()),
      plan_(std::move(plan)),
      slots_(plan_.members.size()),
      board_(rules, slow) {
  for (std::size_t i = plan_.files(); i < plan_.members.size(); ++i) members_.emplace(*plan_.members[i].blob, i);
  open_and_lock();
  continued_ = holds_same_plan();
  check_room();
  if (!continued_ && calls::ftruncate(fd_.get(), 0) != 0) throw system_error(text::cat("emptying ", name_), errno);
  // If the earlier run ended because the disk failed, what it could not write may still be in memory, and look fine.
  if (continued_) static_cast<void>(::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED));
  if (!continued_) reserve();
  hints_.emplace(fd_.get(), plan_.total_bytes);
  if (!shows_holes()) board_.close();
  write_headers();
  write_front();
  if (!continued_ && plan_.total_bytes >= kWorthKeeping) fsync_fd(fd_.get(), name_);
}

std::filesystem::path ArchiveWriter::partial_path(const std::filesystem::path& archive) {
  return archive.string() + ".partial";
}

bool ArchiveWriter::may_have_left(const std::filesystem::path& path) {
  const std::string header = first_header();
  std::string begin(header.size(), '\0');
  const UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  begin.resize(pread_full(fd.get(), std::as_writable_bytes(std::span(begin)), 0, path.string()));
  return begin == header || begin.find_first_not_of('\0') == std::string::npos;
}

/// Blocks in one piece, where the file system gives them: that is faster, and running out of room shows now.
void ArchiveWriter::reserve() const {
  // A reserved block that was never written still counts as a hole, so that what is there is told as before.
  try {
    reserve_room(fd_.get(), plan_.total_bytes, Length::Grow, name_);
  } catch (Error& error) {
    static_cast<void>(calls::unlinkat(AT_FDCWD, partial_.c_str(), 0));  // there is nothing in it
    error.hint("free some space or choose another output file; nothing was downloaded yet");
    throw;
  }
}

void ArchiveWriter::open_and_lock() {
  do {
    fd_ = open_file(partial_, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666);
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) throw system_error(text::cat("looking at ", name_), errno);
    if (!S_ISREG(status.st_mode)) {
      throw Error(ErrorCode::Io, text::cat(name_, " is in the way: it is no file"))
          .hint("remove it, or choose another output file");
    }
    if (!lock_file(fd_.get(), name_)) {
      throw Error(ErrorCode::Busy, text::cat("another process is writing ", archive_.string()))
          .hint("wait for it to end, or choose another output file");
    }
    // Between opening and locking, the process that held the lock may have finished and renamed the file away.
  } while (!is_named(fd_.get(), partial_));
}

bool ArchiveWriter::holds_same_plan() const {
  if (file_size(fd_.get(), name_) != plan_.total_bytes) return false;
  const ArchiveMember& seal = plan_.members[plan_.files() - 1];
  std::string on_disk(plan_.seal().size(), '\0');
  const auto got = pread_full(fd_.get(), std::as_writable_bytes(std::span(on_disk)), seal.offset, name_);
  return got == on_disk.size() && on_disk == plan_.seal();
}

void ArchiveWriter::check_room() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw system_error(text::cat("looking at ", name_), errno);
  const std::uint64_t there = static_cast<std::uint64_t>(status.st_blocks) * 512;
  auto lack = lack_of_room(room_at(fd_.get(), name_), plan_.total_bytes, there, "the archive", archive_.string());
  if (!lack) return;
  if (status.st_size == 0) static_cast<void>(calls::unlinkat(AT_FDCWD, partial_.c_str(), 0));
  throw std::move(*lack).while_doing("checking the output before anything is downloaded");
}

void ArchiveWriter::write_headers() {
  // A continued file may hold anything between the blobs' contents, so the padding is written too.
  std::string gap;
  for (const ArchiveMember& member : plan_.members) {
    gap += member.header();
    pwrite_full(fd_.get(), as_bytes(gap), member.offset - gap.size(), name_);
    gap.assign(member.end() - member.offset - member.size, '\0');
  }
  gap.append(kArchiveTrailerBytes, '\0');
  pwrite_full(fd_.get(), as_bytes(gap), plan_.total_bytes - gap.size(), name_);
}

void ArchiveWriter::write_front() {
  for (std::size_t i = 0; i < plan_.files(); ++i) {
    pwrite_full(fd_.get(), as_bytes(plan_.front[i].content), plan_.members[i].offset, name_);
  }
}

FilePlace ArchiveWriter::place_of(const ArchiveMember& member) {
  return {.fd = fd_.get(), .offset = member.offset, .name = name_, .hints = &*hints_};
}

/// Where nothing was written yet there must be a hole, then.
bool ArchiveWriter::shows_holes() const {
  const FilePlace all{.fd = fd_.get(), .offset = 0, .name = name_};
  return all.has_hole({0, plan_.total_bytes});
}

ArchiveWriter::Slot ArchiveWriter::look_at(const ArchiveMember& member, const std::stop_token& stop) {
  const FilePlace place = place_of(member);
  const Piece whole{0, member.size};
  if (!place.has_hole(whole)) {
    HashSink hash(member.blob->algorithm());
    place.read(whole, hash, stop);
    if (hash.hasher.finish() == *member.blob) return {Slot::State::Whole, member.size};
  }
  const std::uint64_t written = place.written(member.size);
  // A place that is full and wrong was damaged: nothing of it is of use.
  return {Slot::State::Begun, written < member.size ? written : 0};
}

bool ArchiveWriter::holds(const Descriptor& blob, const std::stop_token& stop) {
  if (!continued_) return false;
  const std::size_t member = members_.at(blob.digest);
  Slot& slot = slots_[member];
  if (slot.state == Slot::State::Unknown) slot = look_at(plan_.members[member], stop);
  return slot.state == Slot::State::Whole;
}

BlobOutcome ArchiveWriter::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress,
                                    std::stop_token stop) {
  const std::size_t index = members_.at(blob.digest);
  if (holds(blob, stop)) {
    progress.skip(static_cast<std::int64_t>(blob.size));
    return BlobOutcome::Existed;
  }
  const auto fetch = [&](std::uint64_t there) {
    PiecewiseFetch(place_of(plan_.members[index]), there, blob, from, board_, progress, stop).run();
    return BlobOutcome::Written;
  };
  // What is there is tried once: if the whole has another digest in the end, it was that, most likely.
  const std::uint64_t there = std::exchange(slots_[index].begun, 0);
  if (there > 0) {
    try {
      return fetch(there);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      progress.debug(text::cat(error.message(), "; what an earlier run had left of it is of no use"));
    }
  }
  return fetch(0);
}

void ArchiveWriter::commit(const std::function<void(const std::filesystem::path& partial)>& check) {
  fsync_fd(fd_.get(), name_);
  // Nothing is written any more, and what is checked may take much memory.
  plan_ = {};
  members_.clear();
  slots_ = {};
  if (check) check(partial_);
  rename_file(partial_, archive_);
  fsync_directory(archive_.parent_path());
  fd_.close(archive_.string());
}

}  // namespace ociferry

#include "layout/archive_writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kReadBack = 1024 * 1024;

/// Writes into one place of the archive.
class SlotSink : public ByteSink {
 public:
  SlotSink(int fd, std::uint64_t offset, const std::string& name, PageCacheHints& hints)
      : fd_(fd), offset_(offset), name_(name), hints_(hints) {}

  void write(Bytes bytes) override {
    pwrite_full(fd_, bytes, offset_, name_);
    offset_ += bytes.size();
    hints_.wrote(bytes.size());
  }

 private:
  int fd_;
  std::uint64_t offset_;
  const std::string& name_;
  PageCacheHints& hints_;
};

/// True if `fd` is still the file that `path` names.
bool is_named(int fd, const std::filesystem::path& path) {
  struct stat open_file_status {};
  struct stat named_status {};
  return ::fstat(fd, &open_file_status) == 0 && ::stat(path.c_str(), &named_status) == 0 &&
         open_file_status.st_ino == named_status.st_ino && open_file_status.st_dev == named_status.st_dev;
}

}  // namespace

ArchiveWriter::ArchiveWriter(std::filesystem::path archive, ArchivePlan plan)
    : archive_(std::move(archive)),
      partial_(archive_.string() + ".partial"),
      name_(partial_.string()),
      plan_(std::move(plan)) {
  for (std::size_t i = kArchiveFiles; i < plan_.members.size(); ++i) members_.emplace(*plan_.members[i].blob, i);
  open_and_lock();
  continued_ = holds_same_plan();
  if (!continued_ && ::ftruncate(fd_.get(), 0) != 0) throw system_error(text::cat("emptying ", name_), errno);
  check_room();
  if (::ftruncate(fd_.get(), static_cast<off_t>(plan_.total_bytes)) != 0) {
    throw system_error(text::cat("making ", name_, " ", plan_.total_bytes, " bytes long"), errno)
        .hint("the file system may not take files of that size (FAT32: 4 GiB)");
  }
  reserve_room();
  hints_.emplace(fd_.get(), plan_.total_bytes);
  write_headers();
  write_front();
}

/// Blocks in one piece, where the file system gives them: that is faster, and running out of room shows now.
void ArchiveWriter::reserve_room() const {
  // A reserved block that was never written still counts as a hole, so that what is there is told as before.
  if (continued_ || ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(plan_.total_bytes)) == 0) return;
  if (errno != ENOSPC && errno != EDQUOT) return;
  const int why = errno;
  ::unlink(partial_.c_str());
  throw system_error(text::cat("reserving ", plan_.total_bytes, " bytes for ", name_), why)
      .hint("free some space or choose another output file; nothing was downloaded yet");
}

void ArchiveWriter::open_and_lock() {
  do {
    fd_ = open_file(partial_, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) throw system_error(text::cat("locking ", name_), errno);
      throw Error(ErrorCode::Busy, text::cat("another process is writing ", archive_.string()))
          .hint("wait for it to end, or choose another output file");
    }
    // Between opening and locking, the process that held the lock may have finished and renamed the file away.
  } while (!is_named(fd_.get(), partial_));
}

bool ArchiveWriter::holds_same_plan() const {
  if (file_size(fd_.get(), name_) != plan_.total_bytes) return false;
  const ArchiveMember& seal = plan_.members[kArchiveFiles - 1];
  std::string on_disk(plan_.seal.size(), '\0');
  const auto got = pread_full(fd_.get(), std::as_writable_bytes(std::span(on_disk)), seal.offset, name_);
  return got == on_disk.size() && on_disk == plan_.seal;
}

void ArchiveWriter::check_room() const {
  struct statvfs room {};
  struct stat status {};
  if (::fstatvfs(fd_.get(), &room) != 0 || ::fstat(fd_.get(), &status) != 0) {
    throw system_error(text::cat("asking for the room left for ", name_), errno);
  }
  const std::uint64_t available = std::uint64_t{room.f_bavail} * room.f_frsize;
  const std::uint64_t allocated = static_cast<std::uint64_t>(status.st_blocks) * 512;
  if (available + allocated >= plan_.total_bytes) return;
  throw Error(ErrorCode::Space,
              text::cat("the archive will have ", plan_.total_bytes, " bytes, but there is room for only ",
                        available + allocated, " at ", archive_.string()))
      .hint("free some space or choose another output file; nothing was downloaded yet");
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
  for (std::size_t i = 0; i < kArchiveFiles; ++i) {
    pwrite_full(fd_.get(), as_bytes(file_content(plan_, i)), plan_.members[i].offset, name_);
  }
}

bool ArchiveWriter::already_holds(const ArchiveMember& member, const std::stop_token& stop) const {
  const off_t begin = static_cast<off_t>(member.offset);
  const off_t end = static_cast<off_t>(member.offset + member.size);
  // A hole means that some of it was never written; where the file system cannot tell, the hash does.
  if (const off_t hole = ::lseek(fd_.get(), begin, SEEK_HOLE); hole >= 0 && hole < end) return false;
  std::vector<std::byte> buffer(kReadBack);
  Hasher hasher(member.blob->algorithm());
  for (std::uint64_t done = 0; done < member.size;) {
    if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), member.size - done));
    const std::size_t got = pread_full(fd_.get(), std::span(buffer).first(wanted), member.offset + done, name_);
    if (got < wanted) return false;
    hasher.update({buffer.data(), got});
    done += got;
  }
  return hasher.finish() == *member.blob;
}

bool ArchiveWriter::holds(const Descriptor& blob, const std::stop_token& stop) const {
  return continued_ && already_holds(plan_.members[members_.at(blob.digest)], stop);
}

BlobOutcome ArchiveWriter::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress,
                                    std::stop_token stop) {
  const ArchiveMember& member = plan_.members[members_.at(blob.digest)];
  if (holds(blob, stop)) {
    progress.advance(static_cast<std::int64_t>(blob.size));
    return BlobOutcome::Existed;
  }
  SlotSink slot(fd_.get(), member.offset, name_, *hints_);
  ProgressSink counted(slot, progress);
  VerifyingSink verified(counted, blob, from.name_of(blob.digest));
  try {
    from.fetch(blob, verified, stop);
    verified.finish();
  } catch (...) {
    counted.take_back();
    throw;
  }
  return BlobOutcome::Written;
}

void ArchiveWriter::commit() {
  fsync_fd(fd_.get(), name_);
  if (::rename(partial_.c_str(), archive_.c_str()) != 0) {
    throw system_error(text::cat("renaming ", name_, " to ", archive_.string()), errno);
  }
  fsync_directory(archive_.parent_path());
  fd_.close(archive_.string());
}

}  // namespace ociferry

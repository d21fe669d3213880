#include "medium/device_reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "medium/block_prints.hpp"
#include "medium/file_medium.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kAlignment = BlockPrints::kBlock;  ///< what O_DIRECT asks for is less, or this

/// Memory whose address is a multiple of kAlignment.
class AlignedBuffer {
 public:
  AlignedBuffer() : data_(static_cast<std::byte*>(std::aligned_alloc(kAlignment, kReadBufferBytes))) {
    if (data_ == nullptr) throw std::bad_alloc();
  }
  [[nodiscard]] MutableBytes bytes() const noexcept { return {data_.get(), kReadBufferBytes}; }

 private:
  struct Free {
    void operator()(std::byte* data) const noexcept { std::free(data); }
  };
  std::unique_ptr<std::byte, Free> data_;
};

bool set_direct(int fd, bool direct) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/// What is only in memory is written. Not where nothing can be written: there nothing is to be.
void write_back(int fd, const std::string& name) {
  while (calls::fsync(fd) != 0) {
    if (errno == EINVAL || errno == EROFS || errno == ENOSYS) return;
    if (errno != EINTR) throw system_error(text::cat("syncing ", name), errno);
  }
}

}  // namespace

struct DeviceReader::Shared {
  Progress& progress;
  BusyTime time;
  BlockPrints prints = {};
  std::atomic<bool> is_past_cache = true;

  void tell_of_cache(const std::string& name) {
    if (!is_past_cache.exchange(false)) return;
    progress.warn(text::cat("the file system of ", name,
                            " cannot be read past the cache (O_DIRECT): what was cached is dropped instead, so memory "
                            "may answer for the medium; take it out and put it in again to be sure"));
  }
};

class DeviceReader::File : public Medium {
 public:
  File(std::string name, UniqueFd fd, std::shared_ptr<Shared> shared)
      : name_(std::move(name)), fd_(std::move(fd)), size_(file_size(fd_.get(), name_)), shared_(std::move(shared)) {
    file_ = shared_->prints.add(name_, size_);
    write_back(fd_.get(), name_);
    static_cast<void>(::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED));
    if (set_direct(fd_.get(), true)) {
      const AlignedBuffer buffer;
      is_direct_ = calls::pread(fd_.get(), buffer.bytes().data(), kAlignment, 0) >= 0 || errno != EINVAL;
      if (!is_direct_) static_cast<void>(set_direct(fd_.get(), false));
    }
    if (!is_direct_) shared_->tell_of_cache(name_);
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }

  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    const AlignedBuffer aligned;
    std::size_t done = 0;
    while (done < buffer.size() && offset + done < size_) {
      const std::uint64_t at = offset + done;
      const std::uint64_t begin = at / kAlignment * kAlignment;
      const auto skipped = static_cast<std::size_t>(at - begin);
      const std::size_t wanted = std::min(skipped + buffer.size() - done, kReadBufferBytes);
      const std::size_t whole = (wanted + kAlignment - 1) / kAlignment * kAlignment;
      const std::size_t got = read_aligned(begin, aligned.bytes().first(whole));
      if (got <= skipped) break;
      const std::size_t taken = std::min(got - skipped, buffer.size() - done);
      std::memcpy(buffer.data() + done, aligned.bytes().data() + skipped, taken);
      done += taken;
    }
    return done;
  }

  void done_with(std::uint64_t offset, std::uint64_t size) const noexcept override {
    if (is_direct_) return;
    static_cast<void>(
        ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED));
  }

 private:
  [[nodiscard]] std::size_t read_aligned(std::uint64_t offset, MutableBytes buffer) const {
    shared_->time.begin();
    std::size_t got = 0;
    int failure = 0;
    while (got < buffer.size()) {
      const auto count =
          calls::pread(fd_.get(), buffer.data() + got, buffer.size() - got, static_cast<off_t>(offset + got));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) failure = errno;
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
      // Only at its end does a file give a part of a block, and O_DIRECT could not go on from there.
      if (got % kAlignment != 0) break;
    }
    shared_->time.end(got);
    if (failure != 0) throw_unreadable(offset + got, offset + buffer.size(), buffer, failure);
    shared_->prints.note(file_, offset, buffer.first(got));
    return got;
  }

  /// Finds the blocks between `from` and `to` that cannot be read, one by one.
  [[noreturn]] void throw_unreadable(std::uint64_t from, std::uint64_t to, MutableBytes buffer, int failure) const {
    std::uint64_t bad_from = to;
    std::uint64_t bad_to = from;
    for (std::uint64_t at = from; at < std::min(to, size_); at += kAlignment) {
      if (calls::pread(fd_.get(), buffer.data(), kAlignment, static_cast<off_t>(at)) >= 0) {
        if (bad_from < bad_to) break;
        continue;
      }
      bad_from = std::min(bad_from, at);
      bad_to = std::min(at + kAlignment, size_);
    }
    const bool is_lasting = bad_from < bad_to;
    auto error = system_error(text::cat("reading ", name_, " from its device, offset ", is_lasting ? bad_from : from,
                                        " to ", is_lasting ? bad_to : std::min(to, size_)),
                              failure);
    if (!is_lasting) error.while_doing("a second attempt read it: the medium, its reader or its cable is failing");
    throw std::move(error).hint(
        "try another cable or slot; if it stays, the medium is failing: copy what is right to another one, and "
        "what is not from the sender");
  }

  std::string name_;
  UniqueFd fd_;
  std::uint64_t size_;
  std::shared_ptr<Shared> shared_;
  std::size_t file_ = 0;
  bool is_direct_ = false;
};

DeviceReader::DeviceReader(Progress& progress, BusyTime::Now now)
    : shared_(std::shared_ptr<Shared>(new Shared{.progress = progress, .time = BusyTime(std::move(now))})) {}

std::unique_ptr<Medium> DeviceReader::open(const std::filesystem::path& path) {
  auto opened = open_regular_file(path);
  if (!opened) return nullptr;
  return std::make_unique<File>(std::move(opened->name), std::move(opened->fd), shared_);
}

std::uint64_t DeviceReader::bytes() const { return shared_->time.bytes(); }

std::chrono::nanoseconds DeviceReader::busy() const { return shared_->time.busy(); }

bool DeviceReader::is_past_cache() const { return shared_->is_past_cache; }

std::optional<Slowdown> DeviceReader::slowdown() const { return shared_->time.slowdown(); }

std::string DeviceReader::tell_of(const std::string& file, std::uint64_t from, std::uint64_t to) const {
  return tell_likeness(shared_->prints.likeness(file, from, to));
}

}  // namespace ociferry

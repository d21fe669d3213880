#include "medium/volumes/running_sums.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

std::string random_content(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string content(size, '\0');
  for (char& one : content) one = static_cast<char>(random());
  return content;
}

/// Volumes of `content` that are written, and their sums. Tells how much of them is read.
class WrittenVolumes {
 public:
  WrittenVolumes(std::string content, std::vector<std::uint64_t> ends)
      : content_(std::move(content)), there_(content_.size(), '?'), ends_(std::move(ends)), sums_(ends_) {
    sums_.start([this](std::uint64_t offset, MutableBytes buffer) { read(offset, buffer); });
  }
  ~WrittenVolumes() { sums_.stop(); }
  WrittenVolumes(const WrittenVolumes&) = delete;
  WrittenVolumes& operator=(const WrittenVolumes&) = delete;

  void write(std::size_t offset, std::size_t size) { write_other(offset, content_.substr(offset, size)); }
  void write_other(std::size_t offset, const std::string& bytes) {
    {
      const std::lock_guard lock(mutex_);
      there_.replace(offset, bytes.size(), bytes);
    }
    sums_.wrote(offset, bytes.size());
  }
  /// As a blob that comes: written and hashed.
  void bring(std::size_t offset, std::size_t size, Hasher& blob) {
    write(offset, size);
    sums_.hash_jointly(offset, as_bytes(std::string_view(content_).substr(offset, size)), blob);
  }
  /// The digests, the rest completed as who ends it does; `bytes` are those that were hashed before.
  std::vector<Digest> complete(std::uint64_t& bytes) {
    std::vector<Digest> digests;
    std::uint64_t begin = 0;
    std::vector<RunningSums::Begun> begun = sums_.take();
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      bytes += begun[i].bytes;
      const std::uint64_t from = begin + begun[i].bytes;
      begun[i].hasher.update(as_bytes(std::string_view(content_).substr(from, ends_[i] - from)));
      digests.push_back(begun[i].hasher.finish());
      begin = ends_[i];
    }
    return digests;
  }
  [[nodiscard]] std::vector<Digest> expected() const {
    std::vector<Digest> digests;
    std::uint64_t begin = 0;
    for (const std::uint64_t end : ends_) {
      digests.push_back(sha256(std::string_view(content_).substr(begin, end - begin)));
      begin = end;
    }
    return digests;
  }
  /// Blocks until the byte at `offset` is being read.
  void wait_until_read(std::uint64_t offset) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return read_until_ > offset; });
  }
  [[nodiscard]] std::uint64_t bytes_read() {
    const std::lock_guard lock(mutex_);
    return bytes_read_;
  }
  void fail_reads() {
    const std::lock_guard lock(mutex_);
    fails_ = true;
  }

 private:
  void read(std::uint64_t offset, MutableBytes buffer) {
    const std::lock_guard lock(mutex_);
    read_until_ = std::max(read_until_, offset + buffer.size());
    bytes_read_ += buffer.size();
    changed_.notify_all();
    if (fails_) throw Error(ErrorCode::Io, "the medium is gone");
    std::ranges::copy(as_bytes(std::string_view(there_).substr(offset, buffer.size())), buffer.begin());
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string content_;
  std::string there_;
  std::vector<std::uint64_t> ends_;
  std::uint64_t read_until_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool fails_ = false;
  RunningSums sums_;
};

constexpr std::size_t kMebibyte = 1024 * 1024;

}  // namespace

TEST_CASE("volumes written in order are hashed with their blobs, and only the bytes between are read") {
  WrittenVolumes volumes(random_content(500'000, 1), {128'000, 256'000, 500'000});
  volumes.write(0, 512);
  volumes.write(300'100, 412);
  Hasher first;
  Hasher second;
  for (std::size_t at = 512; at < 300'100; at += 7'300)
    volumes.bring(at, std::min<std::size_t>(7'300, 300'100 - at), first);
  for (std::size_t at = 300'512; at < 500'000; at += 512) {
    volumes.bring(at, std::min<std::size_t>(512, 500'000 - at), second);
  }
  CHECK(volumes.bytes_read() == 512 + 412);
  std::uint64_t bytes = 0;
  CHECK(volumes.complete(bytes) == volumes.expected());
  CHECK(bytes == 500'000);
  const std::string content = random_content(500'000, 1);
  CHECK(first.finish() == sha256(std::string_view(content).substr(512, 300'100 - 512)));
  CHECK(second.finish() == sha256(std::string_view(content).substr(300'512)));
}

TEST_CASE("the sums are right for volumes written in any order, by one thread or several") {
  const std::size_t size = 12 * kMebibyte;
  for (const unsigned seed : {1U, 2U, 3U}) {
    WrittenVolumes volumes(random_content(size, seed), {5 * kMebibyte, 5 * kMebibyte + 512, size});
    std::vector<std::size_t> blobs;
    for (std::size_t at = 0; at < size; at += 256 * 1024) blobs.push_back(at);
    std::ranges::shuffle(blobs, std::mt19937(seed));
    const auto bring_every_second = [&](std::size_t from) {
      for (std::size_t i = from; i < blobs.size(); i += 2) {
        Hasher blob;
        volumes.bring(blobs[i], 100'032, blob);
        volumes.bring(blobs[i] + 100'032, 256 * 1024 - 100'032, blob);
      }
    };
    {
      const std::jthread beside([&] { bring_every_second(1); });
      bring_every_second(0);
    }
    std::uint64_t bytes = 0;
    CHECK(volumes.complete(bytes) == volumes.expected());
  }
}

TEST_CASE("bytes written before their turn are read and hashed while others are written") {
  WrittenVolumes volumes(random_content(8 * kMebibyte, 4), {8 * kMebibyte});
  volumes.write(512, 8 * kMebibyte - 512);
  CHECK(volumes.bytes_read() == 0);
  volumes.write(0, 512);
  volumes.wait_until_read(8 * kMebibyte - 1);
  std::uint64_t bytes = 0;
  CHECK(volumes.complete(bytes) == volumes.expected());
  CHECK(bytes == 8 * kMebibyte);
}

TEST_CASE("a volume whose hashed bytes are replaced is hashed at the end, and others are not") {
  WrittenVolumes volumes(random_content(300'000, 5), {128'000, 300'000});
  Hasher damaged;
  volumes.bring(0, 100'000, damaged);
  Hasher blob;
  volumes.bring(0, 200'000, blob);
  volumes.bring(200'000, 100'000, blob);
  std::uint64_t bytes = 0;
  CHECK(volumes.complete(bytes) == volumes.expected());
  CHECK(bytes == 172'000);
}

TEST_CASE("a volume that an earlier run began is hashed at the end") {
  WrittenVolumes volumes(random_content(300'000, 6), {300'000});
  Hasher blob;
  volumes.bring(0, 10'048, blob);
  Hasher next;
  volumes.bring(100'032, 100'032, next);
  std::uint64_t bytes = 0;
  CHECK(volumes.complete(bytes) == volumes.expected());
  CHECK(bytes == 10'048);
  CHECK(volumes.bytes_read() == 0);
}

TEST_CASE("a volume with unreadable bytes is hashed at the end, and the blob beside them is hashed") {
  const std::string content = random_content(100'000, 7);
  WrittenVolumes volumes(content, {100'000});
  volumes.fail_reads();
  volumes.write(0, 512);
  Hasher blob;
  volumes.bring(512, 99'488, blob);
  CHECK(blob.finish() == sha256(std::string_view(content).substr(512)));
  std::uint64_t bytes = 0;
  CHECK(volumes.complete(bytes) == volumes.expected());
  CHECK(bytes == 0);
}

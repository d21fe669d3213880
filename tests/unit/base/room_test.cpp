#include "base/room.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "support/call_verdict.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct File {
  TempDirectory directory = temp_directory();
  UniqueFd fd = open_file(directory.path() / "file", O_RDWR | O_CREAT);

  void reserve(std::uint64_t bytes, Length length) const { reserve_room(fd.get(), bytes, length, "it"); }
  [[nodiscard]] std::uint64_t size() const { return file_size(fd.get(), "it"); }
};

/// Lowers the limit on the length of files of this process.
class LengthLimit {
 public:
  explicit LengthLimit(std::uint64_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit lower{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &lower) == 0);
  }
  LengthLimit(const LengthLimit&) = delete;
  LengthLimit& operator=(const LengthLimit&) = delete;
  ~LengthLimit() { static_cast<void>(::setrlimit(RLIMIT_FSIZE, &before_)); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("files of 4 GiB or more are refused on FAT, with the next step") {
  constexpr std::uint64_t kFat = 0x4d44;
  constexpr std::uint64_t kExt4 = 0xEF53;
  CHECK_FALSE(limit_of_file_system(kExt4));
  const Room stick{.free_bytes = std::uint64_t{1} << 40, .largest_file = limit_of_file_system(kFat)};
  CHECK_FALSE(lack_of_room(stick, 0xFFFFFFFF, 0, "the archive", "/stick/a.tar"));
  const auto lack = lack_of_room(stick, 0x100000000, 0, "the archive", "/stick/a.tar");
  REQUIRE(lack);
  CHECK(lack->code() == ErrorCode::Space);
  CHECK(lack->message() ==
        "the archive will have 4294967296 bytes, but a file on a FAT file system can have at most 4294967295: "
        "/stick/a.tar");
  CHECK(lack->hint_text().find("exFAT") != std::string::npos);
}

TEST_CASE("bytes that are on the disk already need no room") {
  const Room room{.free_bytes = 100};
  CHECK(lack_of_room(room, 101, 0, "it", "there"));
  CHECK_FALSE(lack_of_room(room, 101, 1, "it", "there"));
}

TEST_CASE("a file system that reports no number of blocks has room") {
  const UniqueFd directory = open_file("/proc", O_RDONLY | O_DIRECTORY);
  const Room room = room_at(directory.get(), "/proc");
  CHECK_FALSE(lack_of_room(room, 1'000'000'000, 0, "the archive", "/proc").has_value());
}

TEST_CASE("the process's limit of file sizes (ulimit -f) bounds the room") {
  const File file;
  const LengthLimit limit(1'000'000);
  const Room room = room_at(file.fd.get(), "it");
  REQUIRE(room.largest_file);
  CHECK(room.largest_file->bytes == 1'000'000);
  CHECK_FALSE(lack_of_room(room, 1'000'000, 0, "the archive", "a.tar"));
  const auto lack = lack_of_room(room, 1'000'001, 0, "the archive", "a.tar");
  REQUIRE(lack);
  CHECK(lack->message() ==
        "the archive will have 1000001 bytes, but a file of this process (ulimit -f) can have at most 1000000: a.tar");
}

TEST_CASE("room is reserved with or without changing the file's length") {
  const File file;
  file.reserve(100'000, Length::Keep);
  CHECK(file.size() == 0);
  file.reserve(100'000, Length::Grow);
  CHECK(file.size() == 100'000);
  file.reserve(0, Length::Grow);
  CHECK(file.size() == 100'000);
}

TEST_CASE("a file in memory gets its length at once, and its pages when they are written") {
  const UniqueFd fd(::memfd_create("ociferry-test", MFD_CLOEXEC));
  REQUIRE(fd);
  const auto status = [&] {
    struct stat found {};
    REQUIRE(::fstat(fd.get(), &found) == 0);
    return found;
  };
  reserve_room(fd.get(), 10'000'000, Length::Grow, "it");
  CHECK(status().st_size == 10'000'000);
  CHECK(status().st_blocks * 512 < 100'000);
  reserve_room(fd.get(), 10'000'000, Length::Keep, "it");
  CHECK(status().st_blocks * 512 >= 10'000'000);
}

TEST_CASE("a file system without fallocate gets the length only") {
  for (const int reason : {EOPNOTSUPP, ENOSYS, EINVAL, ENODEV}) {
    const File file;
    const CallVerdict not_supported(calls::Kind::Reserve, {.failure = reason});
    file.reserve(100'000, Length::Keep);
    CHECK(file.size() == 0);
    file.reserve(100'000, Length::Grow);
    CHECK(file.size() == 100'000);
  }
}

TEST_CASE("reserving room continues after a signal") {
  const File file;
  const CallVerdict signal(calls::Kind::Reserve, {.failure = EINTR}, 2);
  file.reserve(100'000, Length::Grow);
  CHECK(signal.made.front() == calls::Kind::Reserve);
  CHECK(file.size() == 100'000);
}

TEST_CASE(
    "a disk that is full, a quota that ends, and a file that would be too long are distinguished from other failures") {
  const File file;
  const auto code_of = [&] {
    try {
      file.reserve(100'000, Length::Grow);
    } catch (const Error& error) {
      CHECK(error.message().starts_with("reserving 100000 bytes for it: "));
      return error.code();
    }
    FAIL("nothing was thrown");
    return ErrorCode::Internal;
  };
  for (const int reason : {ENOSPC, EDQUOT, EFBIG}) {
    const CallVerdict full(calls::Kind::Reserve, {.failure = reason});
    CHECK(code_of() == ErrorCode::Space);
  }
  const CallVerdict broken(calls::Kind::Reserve, {.failure = EIO});
  CHECK(code_of() == ErrorCode::Io);
}

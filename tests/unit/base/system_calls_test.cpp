#include "base/system_calls.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "base/fd.hpp"
#include "base/room.hpp"
#include "base/temporary.hpp"

using namespace ociferry;

namespace fs = std::filesystem;

namespace {

/// Gives each call of one kind the same verdict, and remembers all.
class Script : public calls::Observer {
 public:
  Script(calls::Kind kind, calls::Verdict verdict) : kind_(kind), verdict_(verdict) { calls::observe(this); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  ~Script() override { calls::observe(nullptr); }

  calls::Verdict before(const calls::Call& call) noexcept override {
    return call.kind == kind_ ? verdict_ : calls::Verdict{};
  }
  void after(const calls::Call& call, std::int64_t result) noexcept override {
    if (call.kind == calls::Kind::Write) written.push_back(result);
    errno = EDOM;  // must not be seen
  }
  std::vector<std::int64_t> written;

 private:
  calls::Kind kind_;
  calls::Verdict verdict_;
};

const fs::path kTemp = fs::temp_directory_path();

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::Internal;
}

}  // namespace

TEST_CASE("an observer can let a call fail, and what depends on it says why") {
  const TempDirectory directory(kTemp, "calls-test-");
  const fs::path path = directory.path() / "file";
  write_file_atomically(path, "old", 0600);
  for (const int reason : {ENOSPC, EDQUOT, EFBIG}) {
    const Script script(calls::Kind::Write, {.failure = reason});
    CHECK(code_of([&] { write_file_atomically(path, "new", 0600); }) == ErrorCode::Space);
  }
  for (const calls::Kind kind : {calls::Kind::Sync, calls::Kind::Rename, calls::Kind::Open}) {
    const Script script(kind, {.failure = EIO});
    CHECK(code_of([&] { write_file_atomically(path, "new", 0600); }) == ErrorCode::Io);
  }
  CHECK(read_file(path, 10) == "old");
  CHECK(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("short reads and writes are gone on with") {
  const TempDirectory directory(kTemp, "calls-test-");
  const fs::path path = directory.path() / "file";
  {
    const Script script(calls::Kind::Write, {.at_most = 2});
    write_file_atomically(path, "seven!!", 0600);
    CHECK(script.written == std::vector<std::int64_t>{2, 2, 2, 1});
  }
  const Script script(calls::Kind::Read, {.at_most = 3});
  CHECK(read_file(path, 10) == "seven!!");
}

TEST_CASE("a descriptor is closed even if closing is made to fail") {
  const int fd = calls::open(kTemp.c_str(), O_RDONLY);
  REQUIRE(fd >= 0);
  {
    const Script script(calls::Kind::Close, {.failure = EIO});
    UniqueFd owner(fd);
    CHECK(code_of([&] { owner.close("it"); }) == ErrorCode::Io);
  }
  CHECK(::fcntl(fd, F_GETFD) == -1);
}

TEST_CASE("files on FAT have less than 4 GiB, and what is longer is refused with the next step") {
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

TEST_CASE("what is on the disk already needs no room") {
  const Room room{.free_bytes = 100};
  CHECK(lack_of_room(room, 101, 0, "it", "there"));
  CHECK_FALSE(lack_of_room(room, 101, 1, "it", "there"));
}

TEST_CASE("leftovers are files and directories that nobody has locked, of the name's form, and private") {
  const TempDirectory directory(kTemp, "calls-test-");
  const auto make = [&](const std::string& name, fs::perms mode) {
    make_directory(directory.path() / name);
    fs::permissions(directory.path() / name, mode);
  };
  make(".out.ociferry-aaaaaa", fs::perms::owner_all);
  make(".out.ociferry-bbbbbb", fs::perms::owner_all | fs::perms::group_write);
  make(".out.ociferry-seven77", fs::perms::owner_all);
  make(".other.ociferry-aaaaaa", fs::perms::owner_all);
  write_file_atomically(directory.path() / ".out.ociferry-cccccc", "a file", 0600);
  const TempDirectory in_use(directory.path(), "out.ociferry-");
  const std::string prefix = temporary_prefix("somewhere/out");
  const auto found = leftovers(directory.path(), prefix, LeftoverKind::Directory);
  REQUIRE(found.size() == 1);
  CHECK(found.front().path.filename() == ".out.ociferry-aaaaaa");
  CHECK(leftovers(directory.path(), prefix, LeftoverKind::Directory).empty());  // now it is locked
  CHECK(leftovers(directory.path(), prefix, LeftoverKind::File).size() == 1);
}

TEST_CASE("writing a file removes what a killed run left of the same file, and nothing else") {
  const TempDirectory directory(kTemp, "calls-test-");
  write_file_atomically(directory.path() / ".out.ociferry-cccccc", "half", 0600);
  write_file_atomically(directory.path() / ".outer.ociferry-cccccc", "half", 0600);
  write_file_atomically(directory.path() / "out", "whole", 0600);
  CHECK_FALSE(fs::exists(directory.path() / ".out.ociferry-cccccc"));
  CHECK(fs::exists(directory.path() / ".outer.ociferry-cccccc"));
}

TEST_CASE("a file system that tells no number of blocks has room") {
  const UniqueFd directory = open_file("/proc", O_RDONLY | O_DIRECTORY);
  const Room room = room_at(directory.get(), "/proc");
  CHECK_FALSE(lack_of_room(room, 1'000'000'000, 0, "the archive", "/proc").has_value());
}

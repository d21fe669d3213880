#include "base/temporary.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "ociferry/error.hpp"
#include "support/call_verdict.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

UniqueFd open_in(const TempDirectory& directory, const std::string& name) {
  return open_file(directory.path() / name, O_RDWR | O_CREAT, 0600);
}

}  // namespace

TEST_CASE("leftovers are private, unlocked files and directories with the name's form") {
  const TempDirectory directory = temp_directory();
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

TEST_CASE("writing a file removes leftovers of killed runs for the same file only") {
  const TempDirectory directory = temp_directory();
  write_file_atomically(directory.path() / ".out.ociferry-cccccc", "half", 0600);
  write_file_atomically(directory.path() / ".outer.ociferry-cccccc", "half", 0600);
  write_file_atomically(directory.path() / "out", "whole", 0600);
  CHECK_FALSE(fs::exists(directory.path() / ".out.ociferry-cccccc"));
  CHECK(fs::exists(directory.path() / ".outer.ociferry-cccccc"));
}

TEST_CASE("on file systems without modes, only files that anybody may read are written") {
  const TempDirectory directory = temp_directory();
  const fs::path file = directory.path() / "file";
  for (const int reason : {EPERM, EOPNOTSUPP, ENOSYS}) {
    const CallVerdict no_modes(calls::Kind::Attributes, {.failure = reason});
    write_file_atomically(file, std::to_string(reason), 0755);
    CHECK(read_text(file) == std::to_string(reason));
    CHECK_THROWS_AS(write_file_atomically(file, "secret", 0600), Error);
    CHECK(read_text(file) == std::to_string(reason));
  }
  const CallVerdict broken(calls::Kind::Attributes, {.failure = EIO});
  CHECK_THROWS_AS(write_file_atomically(file, "public", 0644), Error);
}

TEST_CASE("is_named is true for a path until another file has that name") {
  const TempDirectory directory = temp_directory();
  const UniqueFd fd = open_in(directory, "file");
  CHECK(is_named(fd.get(), directory.path() / "file"));
  fs::rename(directory.path() / "file", directory.path() / "moved");
  CHECK_FALSE(is_named(fd.get(), directory.path() / "file"));
  CHECK(is_named(fd.get(), directory.path() / "moved"));
  fs::create_symlink("moved", directory.path() / "file");
  CHECK_FALSE(is_named(fd.get(), directory.path() / "file"));  // a link has the name, and it can lead elsewhere soon
  static_cast<void>(open_in(directory, "other"));
  CHECK_FALSE(is_named(fd.get(), directory.path() / "other"));
}

TEST_CASE("a file can be locked once while it is open") {
  const TempDirectory directory = temp_directory();
  {
    const UniqueFd first = open_in(directory, "file");
    CHECK(lock_file(first.get(), "it"));
    CHECK_FALSE(lock_file(open_in(directory, "file").get(), "it"));
  }
  CHECK(lock_file(open_in(directory, "file").get(), "it"));
}

TEST_CASE("locking succeeds without lock support, continues after a signal, and reports other failures") {
  const TempDirectory directory = temp_directory();
  const UniqueFd fd = open_in(directory, "file");
  for (const int reason : {EOPNOTSUPP, ENOSYS, ENOLCK}) {
    const CallVerdict no_locks(calls::Kind::Lock, {.failure = reason});
    CHECK(lock_file(fd.get(), "it"));
  }
  {
    const CallVerdict signal(calls::Kind::Lock, {.failure = EINTR}, 2);
    CHECK(lock_file(fd.get(), "it"));
  }
  const CallVerdict broken(calls::Kind::Lock, {.failure = EIO});
  CHECK_THROWS_AS(static_cast<void>(lock_file(fd.get(), "it")), Error);
}

TEST_CASE("an absent directory has no leftovers") {
  CHECK(leftovers("/nonexistent", temporary_prefix("out"), LeftoverKind::File).empty());
}

TEST_CASE("a temporary directory is private, and removed with its content unless it is released") {
  const TempDirectory outer = temp_directory();
  fs::path kept;
  {
    const TempDirectory gone(outer.path(), "gone-");
    TempDirectory released(outer.path(), "kept-");
    CHECK(gone.path().filename().string().starts_with(".gone-"));
    CHECK(fs::status(gone.path()).permissions() == fs::perms::owner_all);
    write_text(gone.path() / "folder/file", "content");
    kept = released.path();
    released.release();
  }
  CHECK(fs::exists(kept));
  CHECK(std::distance(fs::directory_iterator(outer.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a leftover directory can be taken over, and is locked then") {
  const TempDirectory outer = temp_directory();
  const fs::path left = outer.path() / ".out.ociferry-aaaaaa";
  make_directory(left);
  fs::permissions(left, fs::perms::owner_all);
  auto found = leftovers(outer.path(), temporary_prefix("out"), LeftoverKind::Directory);
  REQUIRE(found.size() == 1);
  {
    const TempDirectory taken(found.front().path, std::move(found.front().lock));
    CHECK(leftovers(outer.path(), temporary_prefix("out"), LeftoverKind::Directory).empty());
  }
  CHECK_FALSE(fs::exists(left));
}

TEST_CASE("an unnamed file leaves no name, also on file systems without O_TMPFILE") {
  const TempDirectory directory = temp_directory();
  for (const std::size_t refusals : {0U, 1U}) {
    const CallVerdict no_tmpfile(calls::Kind::Open, {.failure = EOPNOTSUPP}, refusals);
    const UniqueFd fd = anonymous_file(directory.path());
    CHECK(fs::is_empty(directory.path()));
    write_full(fd.get(), as_bytes("content"), "it");
    CHECK(file_size(fd.get(), "it") == 7);
  }
  CHECK_THROWS_AS(static_cast<void>(anonymous_file(directory.path() / "absent")), Error);
}

TEST_CASE("a file that is written at once has the given mode and content, even over an older file") {
  const TempDirectory directory = temp_directory();
  const fs::path path = directory.path() / "file";
  write_text(path, "something longer");
  fs::permissions(path, fs::perms::all);
  write_file_atomically(path, "new", 0640);
  CHECK(read_text(path) == "new");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
}

TEST_CASE("concurrent creation of one directory succeeds for all") {
  const TempDirectory parent = temp_directory();
  const fs::path path = parent.path() / "new";
  std::atomic<int> made{0};
  {
    std::latch all_are_here(8);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        all_are_here.arrive_and_wait();
        if (make_directory_if_absent(path)) ++made;
      });
    }
  }
  CHECK(made == 1);
  write_file_atomically(parent.path() / "file", "", 0600);
  CHECK_THROWS_AS(make_directory_if_absent(parent.path() / "file"), Error);
}

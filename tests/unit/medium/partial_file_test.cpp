#include "medium/partial_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/sizes.hpp"
#include "reading.hpp"
#include "support/call_verdict.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

struct ArchivePlace {
  TempDirectory directory = temp_directory();
  fs::path archive = directory.path() / "a.tar";
  fs::path partial = directory.path() / "a.tar.partial";
};

}  // namespace

TEST_CASE("reserved room is a hole until it is written, also between written ranges") {
  const ArchivePlace place;
  PartialFile file(place.archive);
  file.reserve(4 * kMiB, Existing::Discard);
  CHECK(file.size() == 4 * kMiB);
  CHECK(file.written_until(0) == 0);
  file.write_at(0, as_bytes(std::string(kMiB, 'a')));
  file.write_at(3 * kMiB, as_bytes(std::string(kMiB, 'b')));
  CHECK(file.written_until(0) == kMiB);
  CHECK(file.written_until(kMiB + 5) == kMiB + 5);
  CHECK(file.written_until(3 * kMiB) == 4 * kMiB);
  CHECK(file.written_until(5 * kMiB) == 5 * kMiB);  // behind the end nothing was written
  CHECK(read(file, kMiB - 1, 2) == std::string("a\0", 2));
}

TEST_CASE("the file gets its name when it is published, and replaces an older one") {
  const ArchivePlace place;
  write_text(place.archive, "old");
  PartialFile file(place.archive);
  CHECK(file.name() == place.partial.string());
  file.reserve(3, Existing::Discard);
  file.write_at(0, as_bytes("new"));
  file.sync();
  CHECK(read_text(place.archive) == "old");
  CHECK(read(*file.reopen(), 0, 10) == "new");
  const CallVerdict watcher(calls::Kind::Open, {});
  file.publish();
  using calls::Kind;
  CHECK(watcher.made == std::vector{Kind::Rename, Kind::Open, Kind::Sync, Kind::Close, Kind::Close});
  CHECK(read_text(place.archive) == "new");
  CHECK_FALSE(fs::exists(place.partial));
}

TEST_CASE("without publish the partial file stays, and the next run keeps or discards it") {
  const ArchivePlace place;
  const auto begin = [&](Existing existing) {
    PartialFile file(place.archive);
    file.reserve(3, existing);
    const std::string there = read(file, 0, 10);
    file.write_at(0, as_bytes("abc"));
    return there;
  };
  CHECK(begin(Existing::Discard) == std::string(3, '\0'));
  CHECK(begin(Existing::Keep) == "abc");
  CHECK(begin(Existing::Discard) == std::string(3, '\0'));
  CHECK_FALSE(fs::exists(place.archive));
}

TEST_CASE("a middle that never reached the disk is a hole of the kept file, and reads as zeros") {
  const ArchivePlace place;
  {
    std::ofstream left(place.partial, std::ios::binary);
    left << std::string(kMiB, 'a');
    left.seekp(static_cast<std::streamoff>(2 * kMiB));
    left << std::string(kMiB, 'b');
  }
  PartialFile file(place.archive);
  file.reserve(3 * kMiB, Existing::Keep);
  CHECK(file.size() == 3 * kMiB);
  CHECK(file.written_until(0) == kMiB);
  CHECK(file.written_until(2 * kMiB) == 3 * kMiB);
  CHECK(read(file, 2 * kMiB - 1, 2) == std::string("\0b", 2));
}

TEST_CASE("a partial file that another writer has locked is Busy until that one closes it") {
  const ArchivePlace place;
  {
    const PartialFile first(place.archive);
    const Error error = error_of([&] { const PartialFile second(place.archive); });
    CHECK(error.code() == ErrorCode::Busy);
    CHECK(error.message() == "another process is writing " + place.archive.string());
  }
  CHECK_NOTHROW(PartialFile(place.archive));
}

TEST_CASE("a foreign file with the partial name is left alone") {
  const ArchivePlace place;
  REQUIRE(::mkfifo(place.partial.c_str(), 0600) == 0);
  CHECK(error_of([&] { const PartialFile file(place.archive); }).code() == ErrorCode::Io);
  fs::remove(place.partial);
  write_text(place.directory.path() / "other", "content");
  fs::create_symlink("other", place.partial);
  CHECK(error_of([&] { const PartialFile file(place.archive); }).code() == ErrorCode::Io);
  CHECK(read_text(place.directory.path() / "other") == "content");
}

TEST_CASE("without room nothing is written, and no empty file is left") {
  const ArchivePlace place;
  const Error too_large =
      error_of([&] { PartialFile(place.archive).reserve(std::uint64_t{1} << 60, Existing::Discard); });
  CHECK(too_large.code() == ErrorCode::Space);
  CHECK(too_large.message().find("the archive will have 1152921504606846976 bytes") != std::string::npos);
  CHECK_FALSE(fs::exists(place.partial));

  const CallVerdict full_disk(calls::Kind::Reserve, {.failure = ENOSPC});
  const Error reserving = error_of([&] { PartialFile(place.archive).reserve(kMiB, Existing::Discard); });
  CHECK(reserving.code() == ErrorCode::Space);
  CHECK(reserving.hint_text() == "free some space or choose another output file; nothing was downloaded yet");
  CHECK_FALSE(fs::exists(place.partial));
}

TEST_CASE("a partial file of an earlier run is kept if room is lacking") {
  const ArchivePlace place;
  write_text(place.partial, "begun");
  const Error error = error_of([&] { PartialFile(place.archive).reserve(std::uint64_t{1} << 60, Existing::Discard); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(read_text(place.partial) == "begun");
}

TEST_CASE("failures to write, sync and rename name the file, and nothing is published") {
  const ArchivePlace place;
  PartialFile file(place.archive);
  file.reserve(10, Existing::Discard);
  {
    const CallVerdict full_disk(calls::Kind::Write, {.failure = ENOSPC});
    const Error error = error_of([&] { file.write_at(4, as_bytes("x")); });
    CHECK(error.code() == ErrorCode::Space);
    CHECK(error.message().starts_with("writing " + place.partial.string() + " at offset 4: "));
  }
  {
    const CallVerdict lost_writes(calls::Kind::Sync, {.failure = EIO});
    CHECK(error_of([&] { file.sync(); }).code() == ErrorCode::Io);
  }
  const CallVerdict read_only(calls::Kind::Rename, {.failure = EROFS});
  CHECK(error_of([&] { file.publish(); }).code() == ErrorCode::Io);
  CHECK_FALSE(fs::exists(place.archive));
  CHECK(fs::exists(place.partial));
}

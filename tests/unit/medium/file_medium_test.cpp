#include "medium/file_medium.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "reading.hpp"
#include "stream/memory.hpp"
#include "support/call_verdict.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

struct Sample {
  TempDirectory directory = temp_directory();
  fs::path path = directory.path() / "a.tar";
  std::unique_ptr<Medium> medium;

  Sample() {
    write_text(path, "0123456789");
    medium = open_medium(path);
  }
};

}  // namespace

TEST_CASE("a file is read at any offset, and gives fewer bytes at its end only") {
  const Sample sample;
  CHECK(sample.medium->name() == sample.path.string());
  CHECK(sample.medium->size() == 10);
  CHECK(read(*sample.medium, 3, 4) == "3456");
  CHECK(read(*sample.medium, 0, 100) == "0123456789");
  CHECK(read(*sample.medium, 8, 4) == "89");
  CHECK(read(*sample.medium, 10, 4).empty());
  CHECK(read(*sample.medium, 1000, 4).empty());
}

TEST_CASE("short reads are continued") {
  const Sample sample;
  const CallVerdict one_byte(calls::Kind::Read, {.at_most = 1});
  CHECK(read(*sample.medium, 0, 10) == "0123456789");
}

TEST_CASE("a read that fails names the medium and the offset") {
  const Sample sample;
  const CallVerdict damaged_sector(calls::Kind::Read, {.failure = EIO});
  const Error error = error_of([&] { static_cast<void>(read(*sample.medium, 4, 2)); });
  CHECK(error.code() == ErrorCode::Io);
  CHECK(error.message().starts_with("reading " + sample.path.string() + " at offset 4: "));
}

TEST_CASE("an open file is read even after its name is given to another file") {
  const Sample sample;
  write_text(sample.directory.path() / "other", "abcdefghij");
  fs::rename(sample.directory.path() / "other", sample.path);
  CHECK(read(*sample.medium, 0, 4) == "0123");
}

TEST_CASE("only regular files are media; what cannot be opened is an error") {
  const Sample sample;
  CHECK(open_medium(sample.directory.path()) == nullptr);
  const fs::path pipe = sample.directory.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(open_medium(pipe) == nullptr);  // and it does not wait for a writer
  const Error error = error_of([&] { static_cast<void>(open_medium(sample.directory.path() / "absent")); });
  CHECK(error.code() == ErrorCode::NotFound);
}

TEST_CASE("a range is read without its neighbours") {
  const Sample sample;
  MediumSource source(*sample.medium, 2, 5);
  CHECK(read_all(source, 100) == "23456");
}

TEST_CASE("a medium that ends within a range is damaged, and the message says where it ends") {
  const Sample sample;
  MediumSource source(*sample.medium, 6, 5);
  const Error error = error_of([&] { static_cast<void>(read_all(source, 100)); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.message() == sample.path.string() + " ends early, at offset 10");
}

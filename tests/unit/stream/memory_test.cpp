#include "stream/memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <vector>

#include "base/fd.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

std::string next(ByteSource& source, std::size_t size) {
  std::vector<std::byte> buffer(size);
  return std::string(as_text({buffer.data(), source.read(buffer)}));
}

UniqueFd file_with(std::string_view content) {
  UniqueFd fd = anonymous_file(std::filesystem::temp_directory_path());
  write_full(fd.get(), as_bytes(content), "file");
  return fd;
}

ErrorCode code_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::Internal;
}

}  // namespace

TEST_CASE("a string is read from its beginning to its end") {
  StringSource source("abcde");
  CHECK(next(source, 3) == "abc");
  CHECK(next(source, 0) == "");
  CHECK(next(source, 3) == "de");
  CHECK(next(source, 3) == "");
}

TEST_CASE("a string sink takes its limit and not a byte more") {
  StringSink sink(4);
  sink.write(as_bytes("ab"));
  sink.write(as_bytes("cd"));
  CHECK(sink.content == "abcd");
  CHECK(code_of([&] { sink.write(as_bytes("e")); }) == ErrorCode::Hostile);
  CHECK(sink.content == "abcd");
}

TEST_CASE("a region of a file is read without its neighbours") {
  const UniqueFd fd = file_with("0123456789");
  FileSource source(fd.get(), 2, 5, "file");
  CHECK(next(source, 3) == "234");
  CHECK(next(source, 100) == "56");
  CHECK(next(source, 100) == "");
}

TEST_CASE("a file that is shorter than its region is reported as damaged") {
  const UniqueFd fd = file_with("0123456789");
  FileSource source(fd.get(), 6, 5, "disk.tar");
  try {
    (void)next(source, 100);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK(error.message() == "disk.tar ends early, at offset 10");
  }
}

TEST_CASE("a file sink appends") {
  const UniqueFd fd = file_with("ab");
  FileSink sink(fd.get(), "file");
  sink.write(as_bytes("cd"));
  sink.write(as_bytes("e"));
  FileSource source(fd.get(), 0, 5, "file");
  CHECK(read_all(source, 5) == "abcde");
}

TEST_CASE("writing to a file that is open for reading only is an error") {
  const UniqueFd fd = open_file("/dev/null", O_RDONLY);
  FileSink sink(fd.get(), "null");
  CHECK(code_of([&] { sink.write(as_bytes("x")); }) == ErrorCode::Io);
}

TEST_CASE("a stream is copied whole, beyond the size of the buffer") {
  const std::string content(600'001, 'x');
  StringSource source(content);
  StringSink sink(content.size());
  CHECK(copy_stream(source, sink) == content.size());
  CHECK(sink.content.size() == content.size());
}

TEST_CASE("reading all of a stream is bounded") {
  StringSource fits("abcd");
  CHECK(read_all(fits, 4) == "abcd");
  StringSource too_long("abcde");
  CHECK(code_of([&] { (void)read_all(too_long, 4); }) == ErrorCode::Hostile);
}

TEST_CASE("what an earlier run has put there is told as skipped, and a failed attempt takes both back") {
  struct Told : Progress {
    std::int64_t moved = 0;
    std::int64_t skipped = 0;
    void advance(std::int64_t bytes) override { moved += bytes; }
    void skip(std::int64_t bytes) override { skipped += bytes; }
  } told;
  StringSink inner(100);
  ProgressSink sink(inner, 5, told);
  sink.write(as_bytes("abc"));
  CHECK(told.skipped == 3);
  sink.write(as_bytes("defgh"));
  CHECK(told.skipped == 5);
  CHECK(told.moved == 3);
  CHECK(inner.content == "abcdefgh");
  sink.take_back();
  CHECK(told.skipped == 0);
  CHECK(told.moved == 0);
}

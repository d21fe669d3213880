#include "stream/memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <vector>

#include "base/fd.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using testing::code_of;

namespace {

std::string next(ByteSource& source, std::size_t size) {
  std::vector<std::byte> buffer(size);
  return std::string(as_text({buffer.data(), source.read(buffer)}));
}

}  // namespace

TEST_CASE("a string is read from its beginning to its end") {
  StringSource source("abcde");
  CHECK(next(source, 3) == "abc");
  CHECK(next(source, 0) == "");
  CHECK(next(source, 3) == "de");
  CHECK(next(source, 3) == "");
}

TEST_CASE("a string sink accepts its limit and not a byte more") {
  StringSink sink(4);
  sink.write(as_bytes("ab"));
  sink.write(as_bytes("cd"));
  CHECK(sink.content == "abcd");
  CHECK(code_of([&] { sink.write(as_bytes("e")); }) == ErrorCode::Hostile);
  CHECK(sink.content == "abcd");
}

TEST_CASE("a stream that is larger than the buffer is copied completely") {
  const std::string content(600'001, 'x');
  StringSource source(content);
  StringSink sink(content.size());
  CHECK(copy_stream(source, sink) == content.size());
  CHECK(sink.content.size() == content.size());
}

TEST_CASE("reading a whole stream has a limit") {
  StringSource fits("abcd");
  CHECK(read_all(fits, 4) == "abcd");
  StringSource too_long("abcde");
  CHECK(code_of([&] { (void)read_all(too_long, 4); }) == ErrorCode::Hostile);
}

TEST_CASE("bytes of an earlier run are reported as skipped, and a failed attempt takes all back") {
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

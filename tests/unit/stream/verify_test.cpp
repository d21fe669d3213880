#include "stream/verify.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "ociferry/error.hpp"
#include "stream/memory.hpp"

using namespace ociferry;

namespace {

Descriptor described(std::string_view content) {
  return {.media_type = "text/plain", .digest = sha256(content), .size = content.size()};
}

VerifyingSource source_of(std::string content, const Descriptor& expected) {
  return {std::make_unique<StringSource>(std::move(content)), expected, "here"};
}

/// Reads in steps of `step` bytes; gives what came out before the end or the error.
std::string drain(ByteSource& source, std::size_t step, std::string& error) {
  std::vector<std::byte> buffer(step);
  std::string out;
  try {
    while (const std::size_t got = source.read(buffer)) out += as_text({buffer.data(), got});
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::Corrupt);
    error = e.message();
  }
  return out;
}

std::string failure_of(const auto& action) {
  try {
    action();
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::Corrupt);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("content with the right size and digest passes a verifying source") {
  for (const std::size_t step : {1U, 2U, 5U, 100U}) {
    VerifyingSource source = source_of("hello", described("hello"));
    std::string error;
    CHECK(drain(source, step, error) == "hello");
    CHECK(error == "");
  }
  VerifyingSource empty = source_of("", described(""));
  std::string error;
  CHECK(drain(empty, 10, error) == "");
  CHECK(error == "");
}

TEST_CASE("changed content is refused by a verifying source") {
  for (const std::size_t step : {1U, 2U, 5U, 100U}) {
    VerifyingSource source = source_of("hellO", described("hello"));
    std::string error;
    CHECK(drain(source, step, error).size() < 5);
    CHECK(error.find("here: content has digest sha256:") == 0);
    CHECK(error.find("expected " + sha256("hello").text()) != std::string::npos);
  }
}

TEST_CASE("content that is too long or too short is refused by a verifying source") {
  for (const std::size_t step : {1U, 5U, 100U}) {
    std::string error;
    VerifyingSource too_long = source_of("hello!", described("hello"));
    CHECK(drain(too_long, step, error).size() < 5);
    CHECK(error.find("here: more bytes than the 5") == 0);
    VerifyingSource too_short = source_of("hell", described("hello"));
    CHECK(drain(too_short, step, error).size() < 5);
    CHECK(error.find("here: fewer bytes than the 5") == 0);
  }
  std::string error;
  VerifyingSource not_empty = source_of("x", described(""));
  CHECK(drain(not_empty, 10, error) == "");
  CHECK(error.find("here: more bytes than the 0") == 0);
}

TEST_CASE("a verifying source uses the algorithm that the digest names") {
  Descriptor expected = described("hello");
  expected.digest = digest_of("hello", "sha512");
  VerifyingSource source = source_of("hello", expected);
  std::string error;
  CHECK(drain(source, 3, error) == "hello");
  CHECK(error == "");
}

TEST_CASE("a verifying sink passes on right content and counts it") {
  StringSink out(100);
  VerifyingSink sink(out, described("hello"), "there");
  sink.write(as_bytes("hel"));
  sink.write(as_bytes("lo"));
  sink.finish();
  CHECK(out.content == "hello");
  CHECK(sink.count() == 5);
}

TEST_CASE("a verifying sink refuses the first byte too many before passing it on") {
  StringSink out(100);
  VerifyingSink sink(out, described("hello"), "there");
  sink.write(as_bytes("hello"));
  CHECK(failure_of([&] { sink.write(as_bytes("!")); }).find("there: more bytes than the 5") == 0);
  CHECK(out.content == "hello");
}

TEST_CASE("a verifying sink reports missing bytes and a wrong digest at the end") {
  StringSink out(100);
  VerifyingSink too_short(out, described("hello"), "there");
  too_short.write(as_bytes("hell"));
  CHECK(failure_of([&] { too_short.finish(); }).find("there: fewer bytes than the 5") == 0);
  VerifyingSink changed(out, described("hello"), "there");
  changed.write(as_bytes("hellO"));
  CHECK(failure_of([&] { changed.finish(); }).find("there: content has digest sha256:") == 0);
}

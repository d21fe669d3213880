#include <doctest/doctest.h>

#include <random>
#include <string>

#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

using namespace ociferry;

namespace {

std::string some_content(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string content(size, '\0');
  for (char& one : content) one = static_cast<char>(random());
  return content;
}

/// Remembers what it is told, and hashes it twice.
class SecondHash : public JointHashing {
 public:
  void update(Hasher& first, Bytes bytes) override {
    first.update(bytes);
    hasher.update(bytes);
  }
  Hasher hasher;
};

}  // namespace

TEST_CASE("a verified stream also updates another hash, on any thread") {
  const std::string content = some_content(12'000'000, 3);  // long enough for a thread
  const Descriptor expected{.media_type = {}, .digest = sha256(content), .size = content.size()};
  StringSink out(content.size());
  SecondHash second;
  VerifyingSink sink(out, expected, "here", &second);
  for (std::size_t at = 0; at < content.size(); at += 100'000) {
    sink.write(as_bytes(std::string_view(content).substr(at, 100'000)));
  }
  sink.finish();
  CHECK(out.content == content);
  CHECK(second.hasher.finish() == expected.digest);
}

TEST_CASE("a damaged stream is refused while it updates another hash") {
  const std::string content = some_content(1'000, 4);
  const Descriptor expected{.media_type = {}, .digest = sha256(some_content(1'000, 5)), .size = content.size()};
  StringSink out(content.size());
  SecondHash second;
  VerifyingSink sink(out, expected, "here", &second);
  sink.write(as_bytes(content));
  CHECK_THROWS_AS(sink.finish(), Error);
}

TEST_CASE("a verified stream updates another hash for every algorithm of its digest") {
  const std::string content = "some";
  const Descriptor expected{.media_type = {}, .digest = digest_of(content, "sha512"), .size = content.size()};
  StringSink out(content.size());
  SecondHash second;
  VerifyingSink sink(out, expected, "here", &second);
  sink.write(as_bytes(content));
  sink.finish();
  CHECK(second.hasher.finish() == sha256(content));
}

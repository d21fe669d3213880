#include "archive/zstd_sink.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "archive/unpacker.hpp"
#include "stream/memory.hpp"
#include "support/process.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::size_t kZstdLimit = 64 << 20;

std::string packed_by(const std::string& content, int level, std::size_t piece) {
  StringSink out(kZstdLimit);
  ZstdSink sink(out, level);
  for (std::size_t at = 0; at < content.size(); at += piece) {
    sink.write(as_bytes(std::string_view(content).substr(at, piece)));
  }
  sink.finish();
  return out.content;
}

std::string by_zstd(const std::string& packed) { return run_or_throw({.arguments = {"zstd", "-dc"}, .input = packed}); }

/// What compresses, and repeats itself at a distance that only a large window sees.
std::string sample_content(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size / 2; ++i) text += "line " + std::to_string(i * i) + "\n";
  return text + random_bytes(size / 4, 1) + text.substr(0, size / 4);
}

}  // namespace

TEST_CASE("any zstd unpacks the output without an option") {
  if (lacks({"zstd"})) return;
  for (const std::string& content : {std::string(), std::string("x"), sample_content(3'000'000)}) {
    for (const int level : {3, 12}) {
      const std::string packed = packed_by(content, level, 100'000);
      CHECK((by_zstd(packed) == content));
      if (content.empty()) continue;  // no archive is
      StringSource source(packed);
      Unpacker unpacker(source, "packed");
      CHECK((read_all(unpacker, kZstdLimit) == content));
    }
  }
}

TEST_CASE("the output does not depend on the size of writes") {
  const std::string content = sample_content(9'000'000);
  const std::string packed = packed_by(content, 3, 1 << 20);
  CHECK(packed.size() < content.size() * 3 / 5);
  CHECK((packed_by(content, 3, 10'007) == packed));
  CHECK((packed_by(content, 3, content.size()) == packed));
}

TEST_CASE("a damaged byte is found by the frame's checksum") {
  if (lacks({"zstd"})) return;
  const std::string content = random_bytes(100'000, 2);  // stored as it is: nothing but the checksum sees a change
  std::string packed = packed_by(content, 3, 1 << 20);
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
  CHECK(run({.arguments = {"zstd", "-dc"}, .input = packed}).exit_code != 0);
}

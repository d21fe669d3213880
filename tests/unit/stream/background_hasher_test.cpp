#include "stream/background_hasher.hpp"

#include <doctest/doctest.h>

#include <string>

#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

using namespace ociferry;

namespace {

std::string counted(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; i += 97) content[i] = static_cast<char>(i / 97);
  return content;
}

/// Hands out `content` in pieces whose sizes differ.
template <typename Take>
void in_pieces(const std::string& content, Take take) {
  std::size_t piece = 1;
  for (std::size_t at = 0; at < content.size(); at += piece, piece = piece * 3 % 300'007 + 1) {
    take(as_bytes(std::string_view(content).substr(at, piece)));
  }
}

}  // namespace

TEST_CASE("a background thread continues a hash, for bytes in any pieces") {
  const std::string content = counted(5'000'000);
  Hasher begun("sha256");
  begun.update(as_bytes(std::string_view(content).substr(0, 12'345)));
  BackgroundHasher hasher([&](Bytes bytes) { begun.update(bytes); });
  in_pieces(content.substr(12'345), [&](Bytes bytes) { hasher.update(bytes); });
  hasher.finish();
  CHECK(begun.finish() == sha256(content));
}

TEST_CASE("destroying a hasher ends its thread") {
  Hasher begun("sha256");
  BackgroundHasher hasher([&](Bytes bytes) { begun.update(bytes); });
  hasher.update(as_bytes(std::string_view("unfinished")));
}

TEST_CASE("an exception on the hashing thread is thrown to the waiting thread") {
  BackgroundHasher hasher([](Bytes) { throw Error(ErrorCode::Io, "it cannot be read"); });
  hasher.update(as_bytes(std::string_view("some")));
  CHECK_THROWS_AS(hasher.finish(), Error);
}

TEST_CASE("long content is passed on and verified, with and without a background thread") {
  // Alone it may get a thread of its own; the ones beside it keep all cores busy.
  const std::string content = counted(20'000'000);
  Descriptor expected{.media_type = {}, .digest = sha256(content), .size = content.size()};
  for (const std::size_t others : {0U, 64U}) {
    CAPTURE(others);
    StringSink ignored(0);
    std::vector<std::unique_ptr<VerifyingSink>> beside;
    for (std::size_t i = 0; i < others; ++i) {
      beside.push_back(std::make_unique<VerifyingSink>(ignored, expected, "beside"));
    }
    StringSink out(content.size());
    VerifyingSink sink(out, expected, "here");
    in_pieces(content, [&](Bytes bytes) { sink.write(bytes); });
    sink.finish();
    CHECK(out.content == content);

    std::string damaged = content;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    StringSink other(content.size());
    VerifyingSink strict(other, expected, "there");
    in_pieces(damaged, [&](Bytes bytes) { strict.write(bytes); });
    CHECK_THROWS_AS(strict.finish(), Error);
  }
}

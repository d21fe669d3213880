#include <deque>

#include "stream/memory.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::HttpReply;
using testing::HttpRequest;
using testing::kLetters;
using testing::Rig;

namespace {

/// A blob of which the bytes 100 to 299 are wanted.
struct Ranged {
  Rig rig;
  Descriptor blob = rig.registry.add_blob("team/app", kLetters);
  StringSink sink{kLetters.size()};
  std::deque<HttpReply> replies = {};  ///< of the first requests, in the registry's place

  explicit Ranged(std::deque<HttpReply> first = {}) : replies(std::move(first)) {
    rig.registry.intercept = [this](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path.find("/blobs/") == std::string::npos || replies.empty()) return std::nullopt;
      HttpReply reply = std::move(replies.front());
      replies.pop_front();
      return reply;
    };
  }
  bool fetch() { return rig.repository().fetch_range(blob, 100, 300, sink, {}); }
  [[nodiscard]] std::vector<std::string> ranges() const {
    std::vector<std::string> found;
    for (const HttpRequest& request : rig.transport->requests()) {
      if (request.path.find("/blobs/") != std::string::npos) {
        found.push_back(request.headers.find("Range").value_or("-"));
      }
    }
    return found;
  }
};

HttpReply partial(const std::string& range, const std::string& body) { return {206, {{"Content-Range", range}}, body}; }

}  // namespace

TEST_CASE("a range has its bytes and no others") {
  Ranged ranged;
  CHECK(ranged.fetch());
  CHECK(ranged.sink.content == kLetters.substr(100, 200));
  CHECK(ranged.ranges() == std::vector<std::string>{"bytes=100-299"});
}

TEST_CASE("a range that breaks is resumed there, and repeated if the server is busy") {
  HttpReply broken = partial("bytes 100-299/1000", kLetters.substr(100, 200));
  broken.break_after = 50;
  Ranged ranged({{503}, {429}, broken});
  CHECK(ranged.fetch());
  CHECK(ranged.sink.content == kLetters.substr(100, 200));
  CHECK(ranged.ranges() ==
        std::vector<std::string>{"bytes=100-299", "bytes=100-299", "bytes=100-299", "bytes=150-299"});
}

TEST_CASE("a range that ends early without an error is resumed, too") {
  Ranged ranged({partial("bytes 100-299/1000", kLetters.substr(100, 120))});
  CHECK(ranged.fetch());
  CHECK(ranged.sink.content == kLetters.substr(100, 200));
}

TEST_CASE("a response with another range is refused, and no more ranges are requested from the registry") {
  const std::string body = kLetters.substr(100, 200);
  const std::vector<HttpReply> wrong = {
      {200, {}, kLetters},
      {200, {{"Content-Range", "bytes 100-299/1000"}}, body},
      {206, {}, body},
      partial("bytes 0-199/1000", body),
      partial("bytes 100-298/1000", body.substr(1)),
      partial("bytes 100-999/1000", kLetters.substr(100)),
      partial("bytes 100-299/999", body),
      partial("100-299", body),
      {206, {{"Content-Type", "multipart/byteranges; boundary=x"}}, body},
      {206, {{"Content-Range", "bytes 100-299/1000"}, {"Content-Encoding", "br"}}, body},
      partial("bytes 100-299/1000", body + "more"),
      {416},
      {400},
      {403},
      {404},
  };
  for (const HttpReply& reply : wrong) {
    CAPTURE(reply.status);
    CAPTURE(reply.headers.find("Content-Range").value_or("-"));
    Ranged ranged({reply});
    CHECK_FALSE(ranged.fetch());
    CHECK_FALSE(ranged.fetch());
    CHECK(ranged.ranges().size() == 1);
    StringSink whole(kLetters.size());
    ranged.rig.repository().fetch(ranged.blob, whole, {});
    CHECK(whole.content == kLetters);
  }
}

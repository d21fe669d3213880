#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::kLetters;
using testing::registry_error_reply;
using testing::Rig;

namespace {

struct Download {
  Rig rig;
  std::string content;
  Descriptor blob = rig.registry.add_blob("team/app", content);
  StringSink sink{content.size()};

  explicit Download(RegistryOptions options = {}, std::string bytes = kLetters)
      : rig(std::move(options)), content(std::move(bytes)) {}
  void run() { rig.repository().fetch(blob, sink, {}); }
  /// Answers blob downloads with what `reply` makes of the right answer; `n` counts from 1.
  void change(std::function<void(int n, const HttpRequest&, HttpReply&)> reply) {
    rig.registry.intercept = [reply = std::move(reply), content = content,
                              n = 0](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      if (request.method != "GET" || request.path.find("/blobs/") == std::string::npos) return std::nullopt;
      testing::FakeRegistry plain;
      plain.add_blob("team/app", content);
      HttpReply right = plain(request);
      reply(++n, request, right);
      return right;
    };
  }
  [[nodiscard]] std::vector<std::string> ranges() const {
    std::vector<std::string> found;
    for (const HttpRequest& request : rig.transport->requests()) {
      if (request.path.find("/blobs/") != std::string::npos)
        found.push_back(request.headers.find("Range").value_or("-"));
    }
    return found;
  }
};

}  // namespace

TEST_CASE("a download that breaks anywhere is resumed there") {
  for (const std::size_t at : {0U, 1U, 500U, 999U}) {
    CAPTURE(at);
    Download download;
    download.change([at](int n, const HttpRequest&, HttpReply& reply) {
      if (n == 1) reply.break_after = at;
    });
    download.run();
    CHECK(download.sink.content == kLetters);
    const std::string range = at == 0 ? "-" : "bytes=" + std::to_string(at) + "-";
    CHECK(download.ranges() == std::vector<std::string>{"-", range});
  }
}

TEST_CASE("a connection that breaks after the last byte is a success") {
  Download download;
  download.change([](int, const HttpRequest&, HttpReply& reply) { reply.break_after = kLetters.size(); });
  download.run();
  CHECK(download.sink.content == kLetters);
  CHECK(download.ranges() == std::vector<std::string>{"-"});
}

TEST_CASE("progress resets the number of failures: a connection that breaks repeatedly still succeeds") {
  static constexpr std::size_t kPiece = std::size_t{256} * 1024;
  Download download({}, std::string(20 * kPiece, 'x'));
  download.change([](int, const HttpRequest&, HttpReply& reply) {
    if (reply.body.size() > kPiece) reply.break_after = kPiece;
  });
  download.run();
  CHECK((download.sink.content == download.content));
  CHECK(download.ranges().size() == 20);
}

TEST_CASE("a connection that breaks after a few bytes each time is given up") {
  Download download({.retry_count = 2});
  download.change([](int, const HttpRequest&, HttpReply& reply) { reply.break_after = 10; });
  CHECK(error_of([&] { download.run(); }).code() == ErrorCode::Network);
  CHECK(download.ranges() == std::vector<std::string>{"-", "bytes=10-", "bytes=20-"});
}

TEST_CASE("attempts without progress are counted and end in a network error") {
  Download download({.retry_count = 2});
  download.change([](int n, const HttpRequest&, HttpReply& reply) { reply.break_after = n == 1 ? 10 : 0; });
  const Error error = error_of([&] { download.run(); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(download.ranges().size() == 3);
}

TEST_CASE("the rest of a blob is requested by Range, and taken from a full response") {
  Download download;
  copy_stream(*download.rig.repository().open(download.blob, 400, {}), download.sink);
  CHECK(download.sink.content == kLetters.substr(400));
  CHECK(download.ranges() == std::vector<std::string>{"bytes=400-"});
  Download ignored;
  ignored.change([](int, const HttpRequest&, HttpReply& reply) { reply = {200, {}, kLetters}; });
  copy_stream(*ignored.rig.repository().open(ignored.blob, 400, {}), ignored.sink);
  CHECK(ignored.sink.content == kLetters.substr(400));
}

TEST_CASE("bytes that were received before are dropped from a response that ignores Range") {
  Download download;
  download.change([](int n, const HttpRequest&, HttpReply& reply) {
    if (n == 1) reply.break_after = 700;
    if (n > 1) reply = {200, {}, kLetters};
  });
  download.run();
  CHECK(download.sink.content == kLetters);
}

TEST_CASE("a 206 with another range is not used, and no more ranges are requested") {
  for (const char* lie : {"bytes 0-999/1000", "bytes 701-999/1000", "bytes 700-999/1001", "700-999/1000", ""}) {
    CAPTURE(lie);
    Download download;
    download.change([lie](int n, const HttpRequest&, HttpReply& reply) {
      if (n == 1) reply.break_after = 700;
      if (n == 2) reply.headers.set("Content-Range", lie);
    });
    download.run();
    CHECK(download.sink.content == kLetters);
    CHECK(download.ranges() == std::vector<std::string>{"-", "bytes=700-", "-"});
  }
}

TEST_CASE("a blob that is longer than its descriptor is Corrupt, and not read further") {
  Download download;
  download.change([](int, const HttpRequest&, HttpReply& reply) { reply.body += "x"; });
  CHECK(error_of([&] { download.run(); }).code() == ErrorCode::Corrupt);
  CHECK(download.sink.content.size() <= kLetters.size());
  CHECK(download.ranges().size() == 1);
}

TEST_CASE("a blob that is shorter than its descriptor is Corrupt") {
  Download download;
  ++download.blob.size;  // the registry answers 416 to the rest
  const Error error = error_of([&] { download.run(); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.message().find(download.blob.digest.text()) != std::string::npos);
  Download no_ranges;
  no_ranges.change([](int, const HttpRequest&, HttpReply& reply) { reply = {200, {}, kLetters.substr(1)}; });
  CHECK(error_of([&] { no_ranges.run(); }).code() == ErrorCode::Corrupt);
}

TEST_CASE("a missing blob is named; a refused request is not repeated") {
  Download download;
  download.blob.digest = sha256("something else");
  const Error missing = error_of([&] { download.run(); });
  CHECK(missing.code() == ErrorCode::NotFound);
  CHECK(missing.context().at(0).find("reg.example/team/app@" + download.blob.digest.text()) != std::string::npos);
  Download denied;
  denied.change([](int, const HttpRequest&, HttpReply& reply) { reply = registry_error_reply(403, "DENIED"); });
  CHECK(error_of([&] { denied.run(); }).code() == ErrorCode::Denied);
  CHECK(denied.ranges().size() == 1);
}

TEST_CASE("transient statuses are repeated, also in the middle") {
  Download download;
  download.change([](int n, const HttpRequest&, HttpReply& reply) {
    if (n == 2) reply.break_after = 400;
    if (n == 1 || n == 3) reply = {503};
  });
  download.run();
  CHECK(download.sink.content == kLetters);
  CHECK(download.ranges() == std::vector<std::string>{"-", "-", "bytes=400-", "bytes=400-"});
}

TEST_CASE("an expired storage link is requested again from the registry") {
  Download download;
  int links = 0;
  download.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path == "/expired") return HttpReply{403};
    if (request.path == "/fresh") return HttpReply{200, {}, kLetters};
    if (request.path.find("/blobs/") == std::string::npos) return std::nullopt;
    return HttpReply{307, {{"Location", ++links == 1 ? "https://storage/expired" : "https://storage/fresh"}}};
  };
  download.run();
  CHECK(download.sink.content == kLetters);
}

TEST_CASE("a failing sink ends the download at once") {
  Download download;
  StringSink small(10);
  CHECK_THROWS_AS(download.rig.repository().fetch(download.blob, small, {}), Error);
  CHECK(download.ranges().size() == 1);
}

TEST_CASE("a large blob can be read as a stream, which can be closed early") {
  Rig rig;
  const std::string big(3 * limits::kSmallBlobBytes, 'b');
  const Descriptor blob = rig.registry.add_blob("team/app", big);
  CHECK(read_all(*rig.repository().open(blob, 0, {}), big.size()) == big);
  const auto stream = rig.repository().open(blob, 0, {});
  std::array<std::byte, 10> some{};
  CHECK(stream->read(some) == 10);
}

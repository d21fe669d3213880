#include "stream/go_gzip.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

// Proxies before a registry that compress what passes.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

std::string compressed(const std::string& bytes) {
  StringSink out(bytes.size() + 1'000);
  GoGzipSink gzip(out);
  gzip.write(as_bytes(bytes));
  gzip.finish();
  return out.content;
}

/// All blobs and manifests are answered with `body`, labelled as compressed.
void answer_encoded(Rig& rig, const std::string& body) {
  rig.registry.intercept = [=](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "GET" || request.path == "/v2/") return std::nullopt;
    return HttpReply{200, {{"Content-Encoding", "gzip"}}, body};
  };
}

bool names_encoding(const Error& error) {
  return error.code() == ErrorCode::Corrupt && error.hint_text().find("Content-Encoding: gzip") != std::string::npos;
}

}  // namespace

TEST_CASE("a blob with a Content-Encoding is Corrupt, not requested again, and the hint says why") {
  // Fewer bytes than it should have, and more, as of layers, which are compressed already.
  for (const std::string& content : {std::string(50'000, 'x'), std::string("short")}) {
    Rig rig;
    const Descriptor blob = rig.registry.add_blob("team/app", content);
    answer_encoded(rig, compressed(content));
    StringSink sink(2 * content.size());
    const Error error = error_of([&] { rig.repository().fetch(blob, sink, {}); });
    CHECK(names_encoding(error));
    CHECK(error.message().find(blob.digest.text()) != std::string::npos);
    CHECK(rig.count("GET https://reg.example/v2/team/app/blobs/") == 1);
  }
}

TEST_CASE("a manifest with a Content-Encoding is Corrupt, and the hint says why") {
  Rig rig;
  const std::string content = R"({"schemaVersion":2})";
  answer_encoded(rig, compressed(content));
  CHECK(names_encoding(error_of([&] { static_cast<void>(rig.repository().manifest(sha256(content).text())); })));
}

TEST_CASE("a Content-Encoding on layers that are not compressed in transit is ignored") {
  Rig rig;
  const std::string content(50'000, 'x');
  const Descriptor blob = rig.registry.add_blob("team/app", content);
  answer_encoded(rig, content);
  StringSink sink(content.size());
  rig.repository().fetch(blob, sink, {});
  CHECK(sink.content == content);
}

#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

// Layers that may not be redistributed, and the URLs that their descriptors name.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;

namespace {

const std::string kForeignContent(5000, 'w');

/// A layer that its registry does not have, and web servers that may.
struct Foreign {
  Rig rig;
  Descriptor layer{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", sha256(kForeignContent),
                   kForeignContent.size()};
  std::map<std::string, HttpReply> web;  ///< by path
  StringSink sink{10'000};
  std::vector<std::string> asked;  ///< paths outside of the registry's API
  bool sent_credentials = false;

  explicit Foreign(RegistryOptions options = {.foreign_layers = true}) : rig(std::move(options)) {
    rig.registry.intercept = [this](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path.starts_with("/v2/")) return std::nullopt;
      asked.push_back(request.path + " " + request.headers.find("Range").value_or("-"));
      sent_credentials = sent_credentials || request.headers.find("Authorization");
      const auto found = web.find(request.path);
      return found == web.end() ? HttpReply{404} : found->second;
    };
  }
  void fetch() {
    sink.content.clear();
    rig.repository().fetch(layer, sink, {});
  }
  [[nodiscard]] ErrorCode failure() {
    return error_of([this] { fetch(); }).code();
  }
};

}  // namespace

TEST_CASE("a foreign layer that its registry has is not requested from its URLs") {
  Foreign foreign;
  foreign.layer.urls = {"https://web.example/a"};
  foreign.rig.registry.add_blob("team/app", kForeignContent);
  foreign.fetch();
  CHECK(foreign.sink.content == kForeignContent);
  CHECK(foreign.asked.empty());
}

TEST_CASE("a foreign layer that its registry lacks comes from the first URL that has it, by http or https") {
  Foreign foreign;
  foreign.layer.urls = {"https://web.example/gone", "http://web.example/there", "https://web.example/too"};
  foreign.web = {{"/there", {200, {}, kForeignContent}}, {"/too", {200, {}, kForeignContent}}};
  foreign.fetch();
  CHECK(foreign.sink.content == kForeignContent);
  CHECK(foreign.asked == std::vector<std::string>{"/gone -", "/there -"});
  CHECK(foreign.rig.count("GET http://web.example/there") == 1);
}

TEST_CASE("a foreign layer is read from its start for an offset, and its beginning dropped") {
  Foreign foreign;
  foreign.layer.urls = {"https://web.example/there"};
  foreign.web = {{"/there", {200, {}, kForeignContent}}};
  CHECK(read_all(*foreign.rig.repository().open(foreign.layer, 4000, {}), 10'000) == kForeignContent.substr(4000));
}

TEST_CASE("URLs are used only on request, and only for non-distributable layers") {
  Foreign not_asked{{}};
  not_asked.layer.urls = {"https://web.example/there"};
  CHECK(not_asked.failure() == ErrorCode::NotFound);
  CHECK(not_asked.asked.empty());
  Foreign ordinary;
  ordinary.layer.urls = {"https://web.example/there"};
  ordinary.layer.media_type = std::string(media_type::kDockerLayerGzip);
  CHECK(ordinary.failure() == ErrorCode::NotFound);
  CHECK(ordinary.asked.empty());
}

TEST_CASE("a URL never gets credentials, not even at the registry's own address") {
  Foreign foreign({.username = "me", .password = "secret", .foreign_layers = true});
  foreign.layer.urls = {"https://reg.example/there"};
  foreign.web = {{"/there", {200, {}, kForeignContent}}};
  const auto outside = foreign.rig.registry.intercept;
  bool registry_got_credentials = false;
  foreign.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (!request.path.starts_with("/v2/")) return outside(request);
    const bool authorized = request.headers.find("Authorization").has_value();
    registry_got_credentials = registry_got_credentials || authorized;
    if (!authorized) return HttpReply{401, {{"WWW-Authenticate", "Basic realm=\"r\""}}};
    return std::nullopt;
  };
  foreign.fetch();
  CHECK(foreign.sink.content == kForeignContent);
  CHECK(registry_got_credentials);
  CHECK_FALSE(foreign.sent_credentials);
}

TEST_CASE("a URL that breaks is continued by the next") {
  Foreign foreign({.retry_count = 0, .foreign_layers = true});
  foreign.layer.urls = {"https://one.example/breaks", "https://two.example/rest"};
  HttpReply breaks{200, {}, kForeignContent};
  breaks.break_after = 1200;
  HttpReply rest{206, {{"Content-Range", "bytes 1200-4999/5000"}}, kForeignContent.substr(1200)};
  foreign.web = {{"/breaks", breaks}, {"/rest", rest}};
  foreign.fetch();
  CHECK(foreign.sink.content == kForeignContent);
  CHECK(foreign.asked.back() == "/rest bytes=1200-");
}

TEST_CASE("the content of a URL is verified, and a wrong one skipped the next time") {
  Foreign foreign;
  foreign.layer.urls = {"https://one.example/longer", "https://two.example/other", "https://three.example/right"};
  std::string other = kForeignContent;
  other.back() = 'x';
  foreign.web = {{"/longer", {200, {}, kForeignContent + "!"}},
                 {"/other", {200, {}, other}},
                 {"/right", {200, {}, kForeignContent}}};
  CHECK(foreign.failure() == ErrorCode::Corrupt);
  foreign.fetch();
  CHECK(foreign.sink.content == kForeignContent);
  CHECK(foreign.asked == std::vector<std::string>{"/longer -", "/other -", "/right -"});
}

TEST_CASE("URLs at local addresses, with passwords or other schemes are not requested") {
  Foreign foreign;
  foreign.layer.urls = {"http://169.254.169.254/latest",
                        "https://metadata.google.internal/x",
                        "http://127.0.0.1:8080/x",
                        "http://localhost/x",
                        "http://[::1]/x",
                        "https://u:p@web.example/x",
                        "file:///etc/passwd",
                        "ftp://web.example/x"};
  const Error error = error_of([&] { foreign.fetch(); });
  CHECK(error.code() == ErrorCode::NotFound);
  CHECK(error.message().find(foreign.layer.digest.text()) != std::string::npos);
  CHECK(error.message().find("169.254.169.254") != std::string::npos);
  CHECK(error.message().find("u:p") == std::string::npos);
  CHECK(foreign.asked.empty());
}

TEST_CASE("a redirect of a URL to a local address, or from https to http, is not followed") {
  for (const std::string to : {"http://169.254.169.254/x", "https://localhost/there", "http://web.example/there"}) {
    Foreign foreign;
    foreign.layer.urls = {"https://web.example/moved"};
    foreign.web = {{"/moved", {302, {{"Location", to}}}}, {"/there", {200, {}, kForeignContent}}};
    CHECK(foreign.failure() == ErrorCode::NotFound);
    CHECK(foreign.asked.size() == 1);
  }
}

TEST_CASE("only the first of very many URLs are tried, and a network failure is reported as such") {
  Foreign foreign;
  for (std::size_t i = 0; i < 10 * limits::kForeignUrls; ++i) {
    foreign.layer.urls.push_back("https://web.example/" + std::to_string(i));
  }
  CHECK(foreign.failure() == ErrorCode::NotFound);
  CHECK(foreign.asked.size() == limits::kForeignUrls);
  Foreign unusable;
  unusable.layer.urls.assign(limits::kForeignUrls, "file:///x");
  unusable.layer.urls.push_back("https://web.example/there");
  unusable.web = {{"/there", {200, {}, kForeignContent}}};
  CHECK(unusable.failure() == ErrorCode::NotFound);
  CHECK(unusable.asked.empty());
  Foreign failing({.retry_count = 0, .foreign_layers = true});
  failing.layer.urls = {"https://web.example/a", "https://web.example/b"};
  failing.web = {{"/a", {503}}};
  CHECK(failing.failure() == ErrorCode::Network);
  CHECK(failing.asked.size() == 2);
}

#include <array>
#include <atomic>
#include <future>
#include <semaphore>

#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::FakeTransport;
using testing::HttpReply;
using testing::HttpRequest;
using testing::Rig;
using Kind = TransportError::Kind;

namespace {

const std::string kPingUrl = "https://reg.example/v2/";
const std::string kManifestUrl = "https://reg.example/v2/team/app/manifests/v1";
const std::string kPing = "GET " + kPingUrl;
const std::string kQuestion = "HEAD " + kManifestUrl;
const std::string kEmptyManifest = R"({"schemaVersion":2,"layers":[]})";

void ask_for_tag(Rig& rig, const std::string& host) {
  static_cast<void>(rig.repository("team/app", host).resolve("v1"));
}

}  // namespace

TEST_CASE("a registry is contacted by https, and pinged only once") {
  Rig rig;
  ask_for_tag(rig, "reg.example");
  ask_for_tag(rig, "reg.example");
  CHECK(rig.transport->lines() == std::vector<std::string>{kQuestion, kPing, kQuestion});
}

TEST_CASE("no ping is sent if the first response shows a registry or a challenge") {
  Rig rig;
  rig.registry.add_manifest("team/app", kEmptyManifest, std::string(media_type::kOciManifest), "v1");
  ask_for_tag(rig, "reg.example");
  static_cast<void>(rig.repository().list_tags());
  CHECK(rig.transport->lines() ==
        std::vector<std::string>{kQuestion, "GET https://reg.example/v2/team/app/tags/list?n=1000"});

  Rig wants{Rig::Script{}, {.username = "me", .password = "secret"}};
  wants.transport->expect("HEAD", kManifestUrl, {401, {{"WWW-Authenticate", "Basic realm=x"}}})
      .expect("HEAD", kManifestUrl, {404});
  ask_for_tag(wants, "reg.example");
  CHECK(wants.transport->finished());
  CHECK_FALSE(wants.transport->requests().front().headers.find("Authorization"));
}

TEST_CASE("an ambiguous first response is used after a ping, unless the ping requires credentials") {
  Rig hides{Rig::Script{}, {.username = "me", .password = "secret"}};
  hides.transport->expect("HEAD", kManifestUrl, {404})
      .expect("GET", kPingUrl, {401, {{"WWW-Authenticate", "Basic realm=x"}}})
      .expect("HEAD", kManifestUrl, {200, {{"Docker-Content-Digest", sha256(kEmptyManifest).text()}}});
  CHECK(hides.repository("team/app", "reg.example").resolve("v1") == sha256(kEmptyManifest));
  CHECK(hides.transport->finished());

  Rig page;
  page.registry.intercept = [](const HttpRequest&) {
    return HttpReply{200, {{"Content-Type", "text/html"}}, "<html>"};
  };
  CHECK(error_of([&] { ask_for_tag(page, "reg.example"); }).message().find("not a registry") != std::string::npos);

  Rig busy;
  busy.answer_first(1, "HEAD", "/manifests/", {503});
  ask_for_tag(busy, "reg.example");
  CHECK(busy.transport->lines() == std::vector<std::string>{kQuestion, kPing, kQuestion});
}

TEST_CASE("blob requests, writes and requests that may need plain http are sent after a ping only") {
  Rig rig;
  const Descriptor blob = rig.registry.add_blob("team/app", "content");
  StringSink sink(blob.size);
  rig.repository().fetch(blob, sink, {});
  CHECK(rig.transport->lines().front() == kPing);
  for (const std::string host : {"localhost:5000", "10.0.0.1"}) {  // there it may have to be plain http
    Rig local;
    ask_for_tag(local, host);
    CHECK(local.transport->lines().front() == "GET https://" + host + "/v2/");
  }
}

TEST_CASE("plain http is used for peers without TLS, on loopback or if allowed") {
  for (const Kind kind : {Kind::NotTls, Kind::Connect}) {
    Rig loopback{Rig::Script{}};
    loopback.transport->expect_failure("GET", "https://localhost:5000/v2/", kind)
        .expect("GET", "http://localhost:5000/v2/")
        .expect("HEAD", "http://localhost:5000/v2/team/app/manifests/v1", {404});
    ask_for_tag(loopback, "localhost:5000");
    CHECK(loopback.transport->finished());
    Rig allowed{Rig::Script{}, {.insecure = true}};
    allowed.transport->expect_failure("GET", "https://reg.example/v2/", kind)
        .expect("GET", "http://reg.example/v2/")
        .expect("HEAD", "http://reg.example/v2/team/app/manifests/v1", {404});
    ask_for_tag(allowed, "reg.example");
    CHECK(allowed.transport->finished());
  }
}

TEST_CASE("plain http is never used after a certificate error") {
  Rig rig{Rig::Script{}, {.insecure = true}};
  rig.transport->expect_failure("GET", "https://localhost:5000/v2/", Kind::Certificate);
  CHECK(error_of([&] { ask_for_tag(rig, "localhost:5000"); }).code() == ErrorCode::Network);
  CHECK(rig.transport->finished());
}

TEST_CASE("plain http is not used with public hosts, and the error names the option") {
  Rig rig{Rig::Script{}};
  rig.transport->expect_failure("HEAD", "https://203.0.113.1:5000/v2/team/app/manifests/v1", Kind::NotTls);
  CHECK(error_of([&] { ask_for_tag(rig, "203.0.113.1:5000"); }).hint_text().find("--registry-insecure") !=
        std::string::npos);
}

TEST_CASE("plain http is used on private networks unless credentials are required") {
  for (const std::string host : {"10.0.0.1:5000", "172.31.0.1", "192.168.1.5:5000", "nas.local"}) {
    Rig open{Rig::Script{}};
    open.transport->expect_failure("GET", "https://" + host + "/v2/", Kind::NotTls)
        .expect("GET", "http://" + host + "/v2/")
        .expect("HEAD", "http://" + host + "/v2/team/app/manifests/v1", {404});
    ask_for_tag(open, host);
    CHECK(open.transport->finished());

    Rig closed{Rig::Script{}, {.username = "ann", .password = "secret"}};
    closed.transport->expect_failure("GET", "https://" + host + "/v2/", Kind::NotTls)
        .expect("GET", "http://" + host + "/v2/", {401, {{"WWW-Authenticate", "Basic realm=x"}}});
    const Error error = error_of([&] { ask_for_tag(closed, host); });
    CHECK(error.code() == ErrorCode::Unauthorized);
    CHECK(error.hint_text().find("--registry-insecure") != std::string::npos);
    CHECK(closed.transport->finished());
  }
}

TEST_CASE("a registry on a private network that requires credentials later gets none by plain http") {
  Rig rig{Rig::Script{}, {.username = "ann", .password = "secret"}};
  rig.transport->expect_failure("GET", "https://10.0.0.1:5000/v2/", Kind::NotTls)
      .expect("GET", "http://10.0.0.1:5000/v2/")
      .expect("HEAD", "http://10.0.0.1:5000/v2/team/app/manifests/v1", {401, {{"WWW-Authenticate", "Basic realm=x"}}});
  CHECK(error_of([&] { ask_for_tag(rig, "10.0.0.1:5000"); }).code() == ErrorCode::Unauthorized);
  CHECK(rig.transport->finished());
}

TEST_CASE("an unreachable registry is given up soon, and not requested again in the same run") {
  Rig rig{Rig::Script{}};
  rig.transport->expect_failure("HEAD", kManifestUrl, Kind::Connect);
  for (int i = 0; i < 2; ++i) rig.transport->expect_failure("GET", kPingUrl, Kind::Connect);
  const Error error = error_of([&] { ask_for_tag(rig, "reg.example"); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.message().find("gave up after 3 attempts") != std::string::npos);
  CHECK(error_of([&] { ask_for_tag(rig, "reg.example"); }).message() == error.message());
  CHECK(rig.transport->finished());
}

TEST_CASE("a silent registry is given up after two connect timeouts, and not requested by plain http") {
  for (const std::string host : {"reg.example", "10.0.0.1:5000"}) {
    Rig rig{Rig::Script{}};
    const std::string first = host == "reg.example" ? kQuestion : "GET https://" + host + "/v2/";
    rig.transport->expect_failure(first.substr(0, first.find(' ')), first.substr(first.find(' ') + 1), Kind::Silent);
    rig.transport->expect_failure("GET", "https://" + host + "/v2/", Kind::Silent);
    CHECK(error_of([&] { ask_for_tag(rig, host); }).message().find("gave up after 2 attempts") != std::string::npos);
    CHECK(rig.transport->finished());
  }
  Rig told{Rig::Script{}, {.insecure = true}};
  told.transport->expect_failure("GET", "https://reg.example/v2/", Kind::Silent)
      .expect("GET", "http://reg.example/v2/")
      .expect("HEAD", "http://reg.example/v2/team/app/manifests/v1", {404});
  ask_for_tag(told, "reg.example");
  CHECK(told.transport->finished());
}

TEST_CASE("a broken handshake is repeated; plain http is tried if allowed, and must look like a registry's") {
  Rig shared{Rig::Script{}};
  shared.transport->expect_failure("HEAD", kManifestUrl, Kind::Handshake)
      .expect("GET", kPingUrl)
      .expect("HEAD", kManifestUrl, {404});
  ask_for_tag(shared, "reg.example");
  CHECK(shared.transport->finished());
  const std::vector<HttpReply> not_plain{{400}, {502}, {200, {{"Content-Type", "text/html"}}}, {.drop = true}};
  for (const HttpReply& plain : not_plain) {
    Rig rig{Rig::Script{}};
    rig.transport->expect_failure("GET", "https://10.0.0.1/v2/", Kind::Handshake)
        .expect("GET", "http://10.0.0.1/v2/", plain)
        .expect("GET", "https://10.0.0.1/v2/")
        .expect("HEAD", "https://10.0.0.1/v2/team/app/manifests/v1", {404});
    ask_for_tag(rig, "10.0.0.1");
    CHECK(rig.transport->finished());
  }
  Rig led_back{Rig::Script{}};
  led_back.transport->expect_failure("GET", "https://localhost/v2/", Kind::Handshake)
      .expect("GET", "http://localhost/v2/", {301, {{"Location", "https://localhost/v2/"}}})
      .expect("GET", "https://localhost/v2/")
      .expect("GET", "https://localhost/v2/")
      .expect("HEAD", "https://localhost/v2/team/app/manifests/v1", {404});
  ask_for_tag(led_back, "localhost");
  CHECK(led_back.transport->finished());
  Rig plain{Rig::Script{}};
  plain.transport->expect_failure("GET", "https://10.0.0.1/v2/", Kind::Handshake)
      .expect("GET", "http://10.0.0.1/v2/")
      .expect("HEAD", "http://10.0.0.1/v2/team/app/manifests/v1", {404});
  ask_for_tag(plain, "10.0.0.1");
  CHECK(plain.transport->finished());
}

TEST_CASE("a proxy that refuses plain http is final where the handshake was cut off") {
  Rig rig{Rig::Script{}};
  rig.transport->expect_failure("GET", "https://10.0.0.1/v2/", Kind::Handshake)
      .expect_failure("GET", "http://10.0.0.1/v2/", Kind::Proxy);
  CHECK(error_of([&] { ask_for_tag(rig, "10.0.0.1"); }).is_lasting());
  CHECK(rig.transport->finished());
}

TEST_CASE("a public host that breaks every handshake is given up soon, with both possible reasons") {
  Rig rig{Rig::Script{}};
  rig.transport->expect_failure("HEAD", kManifestUrl, Kind::Handshake);
  for (int i = 0; i < 2; ++i) rig.transport->expect_failure("GET", kPingUrl, Kind::Handshake);
  const Error error = error_of([&] { ask_for_tag(rig, "reg.example"); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.message().find("gave up after 3 attempts") != std::string::npos);
  CHECK(error.hint_text().find("firewall") != std::string::npos);
  CHECK(error.hint_text().find("--registry-insecure") != std::string::npos);
  CHECK(rig.transport->finished());
}

TEST_CASE("plain http is never used after a TLS alert or a proxy's refusal") {
  Rig broken{Rig::Script{}, {.insecure = true}};
  broken.transport->expect_failure("GET", "https://localhost:5000/v2/", Kind::Broken)
      .expect("GET", "https://localhost:5000/v2/")
      .expect("HEAD", "https://localhost:5000/v2/team/app/manifests/v1", {404});
  ask_for_tag(broken, "localhost:5000");
  CHECK(broken.transport->finished());
  Rig refused{Rig::Script{}, {.insecure = true}};
  refused.transport->expect_failure("GET", "https://localhost:5000/v2/", Kind::Proxy);
  CHECK(error_of([&] { ask_for_tag(refused, "localhost:5000"); }).is_lasting());
  CHECK(refused.transport->finished());
}

TEST_CASE("a web page in response to a ping is an error") {
  Rig rig;
  rig.answer_first(1, "GET", "/v2/", {200, {{"Content-Type", "text/html; charset=utf-8"}}, "<html>"});
  const Error error = error_of([&] { ask_for_tag(rig, "reg.example"); });
  CHECK(error.code() == ErrorCode::NotFound);
  CHECK(error.message().find("not a registry") != std::string::npos);
}

TEST_CASE("a ping to a busy registry is repeated; one that stays busy is an error") {
  Rig rig;
  rig.answer_first(2, "GET", "/v2/", {503});
  ask_for_tag(rig, "reg.example");
  CHECK(rig.count("GET https://reg.example/v2/") == 3);
  Rig busy;
  busy.answer_first(100, "GET", "/v2/", {503});
  CHECK(error_of([&] { ask_for_tag(busy, "reg.example"); }).code() == ErrorCode::Network);
  CHECK(busy.count("GET") == 6);
}

TEST_CASE("first requests of several threads run concurrently") {
  /// The first two requests go on once both are there.
  struct Meeting : Transport {
    FakeTransport& inner;
    std::atomic<std::size_t> begun{0};
    std::atomic<int> met{0};
    std::array<std::binary_semaphore, 2> came{std::binary_semaphore(0), std::binary_semaphore(0)};
    explicit Meeting(FakeTransport& transport) : inner(transport) {}
    Response send(const Request& request, std::stop_token stop) override {
      if (const std::size_t mine = begun++; mine < came.size()) {
        came.at(mine).release();
        if (came.at(1 - mine).try_acquire_for(std::chrono::seconds(20))) ++met;
      }
      return inner.send(request, std::move(stop));
    }
  };
  Rig rig;
  const auto meeting = std::make_shared<Meeting>(*rig.transport);
  RegistryClient client({}, meeting, rig.progress, {}, {}, rig.clock);
  const auto ask_once = [&] { static_cast<void>(client.repository({"reg.example", "team/app"})->resolve("v1")); };
  auto other = std::async(std::launch::async, ask_once);
  ask_once();
  other.get();
  CHECK(meeting->met.load() == 2);
  CHECK(rig.count(kPing) == 1);
}

TEST_CASE("concurrent threads ping a registry once") {
  Rig rig;
  std::vector<std::future<void>> threads;
  for (int i = 0; i < 8; ++i)
    threads.push_back(std::async(std::launch::async, [&] { ask_for_tag(rig, "reg.example"); }));
  for (auto& thread : threads) thread.get();
  CHECK(rig.transport->lines().size() == 9);
}

TEST_CASE("the same name gives the same repository; a repository outlives its client") {
  Rig rig;
  const auto kept = rig.client->repository({"reg.example", "a/b"});
  CHECK(rig.client->repository({"reg.example", "a/b"}) == kept);
  CHECK(rig.client->repository({"reg.example", "a/c"}) != kept);
  rig.client.reset();
  CHECK_FALSE(kept->resolve("v1").has_value());
}

TEST_CASE("the client's stop token ends every operation") {
  Rig rig;
  rig.stop.request_stop();
  CHECK(error_of([&] { ask_for_tag(rig, "reg.example"); }).code() == ErrorCode::Interrupted);
  CHECK(rig.transport->lines().empty());
}

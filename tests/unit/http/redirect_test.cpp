#include "http/redirect.hpp"

#include <doctest/doctest.h>

#include "http/limits.hpp"
#include "stream/memory.hpp"
#include "support/fake_transport.hpp"

using namespace ociferry;
using testing::FakeTransport;

namespace {

testing::HttpReply redirect(const char* location, int status = 307) { return {status, {{"Location", location}}}; }

Request get(const char* url) {
  Request request{"GET", Url::parse(url)};
  request.headers.set("Authorization", "Bearer secret");
  request.headers.set("Range", "bytes=5-");
  return request;
}

}  // namespace

TEST_CASE("a redirect to another scheme, host or port drops Authorization and keeps Range") {
  struct Row {
    const char* from;
    const char* to;
    bool kept;
  };
  for (const Row& row :
       {Row{"https://reg/a", "/b", true}, Row{"https://reg/a", "https://reg:443/b", true},
        Row{"https://reg/a", "https://other/b", false}, Row{"https://reg/a", "https://reg:444/b", false},
        Row{"http://reg/a", "https://reg/b", false}, Row{"https://reg/a", "https://10.0.0.1/b", false}}) {
    CAPTURE(row.to);
    const std::string target = Url::parse(row.from).resolve(row.to).text();
    FakeTransport transport;
    transport.expect("GET", row.from, redirect(row.to)).expect("GET", target, {200, {}, "x"});
    const Answer answer = send_following(transport, get(row.from), {});
    CHECK(answer.status == 200);
    CHECK(answer.url.text() == target);
    const auto last = transport.requests().back();
    CHECK(last.headers.find("Authorization").has_value() == row.kept);
    CHECK(last.headers.find("Range") == "bytes=5-");
  }
}

TEST_CASE("Authorization that was dropped is not sent again after another redirect") {
  FakeTransport transport;
  transport.expect("GET", "https://reg/a", redirect("https://other/"))
      .expect("GET", "https://other/", redirect("https://reg/b"))
      .expect("GET", "https://reg/b");
  static_cast<void>(send_following(transport, get("https://reg/a"), {}));
  CHECK_FALSE(transport.requests().back().headers.find("Authorization").has_value());
}

TEST_CASE("a redirect to http or to a link-local address is refused") {
  for (const char* bad : {"http://reg/b", "https://169.254.169.254/latest", "https://[fe80::1]/", "ftp://reg/",
                          "https://metadata.google.internal/", "https://localhost/b", "https://[::1]/b"}) {
    CAPTURE(bad);
    FakeTransport transport;
    transport.expect("GET", "https://reg/a", redirect(bad));
    try {
      static_cast<void>(send_following(transport, get("https://reg/a"), {}));
      FAIL("followed");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Hostile);
      CHECK(error.hint_text().find("storage.redirect.disable") != std::string::npos);
    }
  }
}

TEST_CASE("a redirect loop is refused") {
  FakeTransport transport([](const testing::HttpRequest&) { return redirect("/again"); });
  CHECK_THROWS_AS(static_cast<void>(send_following(transport, get("https://reg/"), {})), Error);
  CHECK(transport.lines().size() == limits::kRedirects + 1);
}

TEST_CASE("a body is sent again for 307 and 308; other redirects of a write are final responses") {
  Request put{"PUT", Url::parse("https://reg/a")};
  put.body = RequestBody{4, [] { return std::make_unique<StringSource>("body"); }};
  FakeTransport followed;
  followed.expect("PUT", "https://reg/a", redirect("/b", 308)).expect("PUT", "https://reg/b", {201});
  CHECK(send_following(followed, put, {}).status == 201);
  CHECK(followed.requests().back().body == "body");
  FakeTransport not_followed;
  not_followed.expect("PUT", "https://reg/a", redirect("/b", 302));
  CHECK(send_following(not_followed, put, {}).status == 302);
}

TEST_CASE("a redirect without Location is a final response") {
  FakeTransport transport;
  transport.expect("GET", "https://reg/a", {307});
  CHECK(send_following(transport, get("https://reg/a"), {}).status == 307);
}

TEST_CASE("a host on loopback may redirect to loopback") {
  FakeTransport transport;
  transport.expect("GET", "http://localhost:5000/a", redirect("http://127.0.0.1:5001/b"))
      .expect("GET", "http://127.0.0.1:5001/b", {200, {}, "x"});
  CHECK(send_following(transport, get("http://localhost:5000/a"), {}).status == 200);
}

TEST_CASE("a secret body is sent again within its origin only") {
  Request post{"POST", Url::parse("https://auth/a")};
  post.body = RequestBody{4, [] { return std::make_unique<StringSource>("body"); }};
  post.secret_body = true;
  FakeTransport within;
  within.expect("POST", "https://auth/a", redirect("/b")).expect("POST", "https://auth/b", {200, {}, "x"});
  CHECK(send_following(within, post, {}).status == 200);
  FakeTransport elsewhere([](const testing::HttpRequest&) { return redirect("https://other/b", 308); });
  CHECK_THROWS_AS(static_cast<void>(send_following(elsewhere, post, {})), Error);
  CHECK(elsewhere.lines().size() == 1);
}

TEST_CASE("an unreachable redirect target is reported with the server that redirected there") {
  FakeTransport transport;
  transport.expect("GET", "https://reg/a", redirect("https://s3.storage.invalid/b?X-Amz-Signature=1"))
      .expect_failure("GET", "https://s3.storage.invalid/b?X-Amz-Signature=1", TransportError::Kind::Connect);
  try {
    static_cast<void>(send_following(transport, get("https://reg/a"), {}));
    FAIL("did not fail");
  } catch (const TransportError& error) {
    REQUIRE(error.context().size() == 1);
    CHECK(error.context().front() == "following a redirect: https://reg sends us to https://s3.storage.invalid");
    CHECK(error.hint_text().find("this machine must reach s3.storage.invalid as well") != std::string::npos);
  }
  FakeTransport direct;
  direct.expect_failure("GET", "https://reg/a", TransportError::Kind::Connect);
  try {
    static_cast<void>(send_following(direct, get("https://reg/a"), {}));
  } catch (const TransportError& error) {
    CHECK(error.context().empty());
  }
}

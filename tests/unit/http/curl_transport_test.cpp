#include "http/curl_transport.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "http/limits.hpp"
#include "stream/memory.hpp"
#include "support/http_server.hpp"

using namespace ociferry;
using namespace std::chrono_literals;
using testing::HttpReply;
using testing::HttpRequest;
using testing::HttpServer;

namespace {

Request request(const std::string& method, const HttpServer& server, const std::string& path = "/x") {
  return {method, Url::parse(server.origin() + path)};
}

RequestBody text_body(const std::string& text) {
  return {text.size(), [text] { return std::make_unique<StringSource>(text); }};
}

struct CurlRig {
  CurlTransport transport;
  explicit CurlRig(TransportOptions options = {}) : transport(std::move(options), silent_progress()) {}
  Response send(const Request& request, std::stop_token stop = {}) { return transport.send(request, stop); }
  TransportError::Kind failure(const Request& request) {
    try {
      static_cast<void>(send(request));
    } catch (const TransportError& error) {
      return error.kind();
    }
    FAIL("was answered");
    return {};
  }
};

/// Holds handlers back until the test is over.
struct Gate {
  std::promise<void> promise;
  std::shared_future<void> opened = promise.get_future().share();
  ~Gate() { promise.set_value(); }
};

class ThrowingSink : public ByteSink {
 public:
  void write(Bytes) override { throw Error(ErrorCode::Space, "no room for it"); }
};

class ThrowingSource : public ByteSource {
 public:
  std::size_t read(MutableBytes) override { throw Error(ErrorCode::Corrupt, "damaged source"); }
};

}  // namespace

TEST_CASE("a request is sent unchanged, without headers that curl would add") {
  HttpServer server([](const HttpRequest&) { return HttpReply{201, {{"X-Answer", "yes"}}, "body"}; });
  CurlRig rig({.user_agent = "ociferry/test"});
  Request put = request("PUT", server, "/v2/a?_state=a%2Bb");
  put.headers.set("Content-Type", "text/x");
  put.body = text_body(std::string(3'000'000, 'b'));
  const Response response = rig.send(put);
  CHECK(response.status == 201);
  CHECK(response.headers.find("x-answer") == "yes");
  CHECK(response.body == "body");
  const HttpRequest seen = server.requests().at(0);
  CHECK(seen.method == "PUT");
  CHECK(seen.path == "/v2/a");
  CHECK(seen.parameter("_state") == "a+b");
  CHECK(seen.body == std::string(3'000'000, 'b'));
  CHECK(seen.headers.find("Content-Length") == "3000000");
  CHECK(seen.headers.find("Content-Type") == "text/x");
  CHECK(seen.headers.find("User-Agent") == "ociferry/test");
  CHECK(seen.headers.find("Accept-Encoding") == "identity");
  for (const char* name : {"Expect", "Accept", "Transfer-Encoding", "Cookie"}) {
    CAPTURE(name);
    CHECK_FALSE(seen.headers.find(name).has_value());
  }
}

TEST_CASE("HEAD, empty POST and empty PUT have no body, and POST and PUT a Content-Length of 0") {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, "hidden"}; });
  CurlRig rig;
  CHECK(rig.send(request("HEAD", server)).headers.number("Content-Length") == 6);
  CHECK(rig.send(request("POST", server)).body == "hidden");
  Request put = request("PUT", server);
  put.body = text_body("");
  CHECK(rig.send(put).status == 200);
  const auto seen = server.requests();
  CHECK(seen.at(1).headers.find("Content-Length") == "0");
  CHECK_FALSE(seen.at(1).headers.find("Content-Type").has_value());
  CHECK(seen.at(2).headers.find("Content-Length") == "0");
}

TEST_CASE("a sink gets the body of a success only, after status and headers were checked") {
  HttpServer server([](const HttpRequest& seen) {
    return HttpReply{seen.path == "/bad" ? 404 : 200, {{"X", "1"}}, "content"};
  });
  CurlRig rig;
  StringSink sink(100);
  int status = 0;
  Request get = request("GET", server);
  get.sink = &sink;
  get.before_sink = [&](const Response& response) {
    status = response.status;
    CHECK(response.headers.find("X") == "1");
    CHECK(sink.content.empty());
  };
  CHECK(rig.send(get).body.empty());
  CHECK(sink.content == "content");
  CHECK(status == 200);
  get.url = Url::parse(server.origin() + "/bad");
  CHECK(rig.send(get).body == "content");
  CHECK(sink.content == "content");
}

TEST_CASE("exceptions of a sink, a header check or a body source are passed on unchanged") {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, "content"}; });
  CurlRig rig;
  ThrowingSink sink;
  Request get = request("GET", server);
  get.sink = &sink;
  CHECK_THROWS_WITH(static_cast<void>(rig.send(get)), "no room for it");
  get.before_sink = [](const Response&) { throw std::runtime_error("not this one"); };
  CHECK_THROWS_WITH_AS(static_cast<void>(rig.send(get)), "not this one", std::runtime_error);
  Request put = request("PUT", server);
  put.body = RequestBody{10, [] { return std::make_unique<ThrowingSource>(); }};
  CHECK_THROWS_WITH(static_cast<void>(rig.send(put)), "damaged source");
  put.body = text_body("short");
  put.body->size = 10;
  CHECK_THROWS_AS(static_cast<void>(rig.send(put)), Error);
  CHECK(rig.send(request("GET", server)).status == 200);
}

TEST_CASE("bodies in memory are limited: a larger success is refused, an error's body truncated") {
  HttpServer server([](const HttpRequest& seen) {
    return HttpReply{seen.path == "/bad" ? 500 : 200, {}, std::string(300'000, 'x')};
  });
  CurlRig rig;
  Request get = request("GET", server);
  get.max_body = 300'000;
  CHECK(rig.send(get).body.size() == 300'000);
  get.max_body = 299'999;
  try {
    static_cast<void>(rig.send(get));
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
  }
  CHECK(rig.send(request("GET", server, "/bad")).body.size() == limits::kErrorBodyBytes);
}

TEST_CASE("a compressed response is not decompressed, since digests cover the bytes as sent") {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {{"Content-Encoding", "gzip"}}, "not gzip"}; });
  CurlRig rig;
  CHECK(rig.send(request("GET", server)).body == "not gzip");
}

TEST_CASE("redirects are left to the caller") {
  HttpServer server([](const HttpRequest&) { return HttpReply{307, {{"Location", "/y"}}, ""}; });
  CurlRig rig;
  CHECK(rig.send(request("GET", server)).status == 307);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a connection is reused") {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, "x"}; });
  CurlRig rig;
  for (int i = 0; i < 5; ++i) static_cast<void>(rig.send(request("GET", server)));
  CHECK(server.connections() == 1);
  // One that is to open its own leaves the others to those who wait for an answer.
  Request another = request("GET", server);
  another.opens_connection = true;
  static_cast<void>(rig.send(another));
  CHECK(server.connections() == 2);
}

TEST_CASE("a request waits for a connection that is being opened, and takes it") {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_opening = false;
  bool has_second = false;
  const auto note = [&](bool& what) {
    const std::lock_guard lock(mutex);
    what = true;
    changed.notify_all();
  };
  for (const bool is_dropped : {false, true}) {
    is_opening = has_second = false;
    HttpServer server([&](const HttpRequest& seen) {
      HttpReply reply{200, {}, "x"};
      if (seen.path == "/second") {
        note(has_second);
        return reply;
      }
      note(is_opening);
      std::unique_lock lock(mutex);
      // A second request that does not wait comes now.
      CHECK_FALSE(changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return has_second; }));
      reply.drop = is_dropped;
      return reply;
    });
    CurlRig rig;
    Request opening = request("GET", server);
    opening.opens_connection = true;
    auto opened = std::async(std::launch::async, [&] {
      if (is_dropped) return rig.failure(opening) == TransportError::Kind::Broken;
      return rig.send(opening).status == 200;
    });
    {
      std::unique_lock lock(mutex);
      REQUIRE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return is_opening; }));
    }
    CHECK(rig.send(request("GET", server, "/second")).status == 200);
    CHECK(opened.get());
    CHECK(server.connections() == (is_dropped ? 2 : 1));
  }
}

TEST_CASE("threads share a transport") {
  HttpServer server([](const HttpRequest& seen) { return HttpReply{200, {}, seen.path}; });
  CurlRig rig;
  std::vector<std::future<bool>> results;
  for (int i = 0; i < 8; ++i) {
    results.push_back(std::async(std::launch::async, [&, path = "/" + std::to_string(i)] {
      bool right = true;
      for (int k = 0; k < 20; ++k) right = right && rig.send(request("GET", server, path)).body == path;
      return right;
    }));
  }
  for (auto& result : results) CHECK(result.get());
  CHECK(server.connections() <= 8);
}

TEST_CASE("failures of the network are distinguished") {
  std::string dead;
  {
    HttpServer server([](const HttpRequest&) { return HttpReply{}; });
    dead = server.origin();
  }
  HttpServer server([](const HttpRequest& seen) {
    HttpReply reply{200, {}, std::string(10'000, 'x')};
    if (seen.path == "/drop") reply.drop = true;
    if (seen.path == "/cut") reply.break_after = 5000;
    return reply;
  });
  CurlRig rig;
  CHECK(rig.failure({"GET", Url::parse(dead)}) == TransportError::Kind::Connect);
  // The server answers a ClientHello, or closes the connection first: both happen.
  const TransportError::Kind plain = rig.failure({"GET", Url::parse("https://" + server.host())});
  CHECK((plain == TransportError::Kind::NotTls || plain == TransportError::Kind::Handshake));
  CHECK(rig.failure(request("GET", server, "/drop")) == TransportError::Kind::Broken);
  StringSink sink(10'000);
  Request cut = request("GET", server, "/cut");
  cut.sink = &sink;
  CHECK(rig.failure(cut) == TransportError::Kind::Broken);
  CHECK(sink.content.size() == 5000);
}

TEST_CASE("a transfer that stalls is aborted") {
  HttpServer server([](const HttpRequest&) {
    HttpReply reply{200, {}, std::string(10'000, 'x')};
    reply.break_after = 100;
    reply.stall = true;
    return reply;
  });
  CurlRig rig({.stall_timeout = 50ms});
  try {
    static_cast<void>(rig.send(request("GET", server)));
    FAIL("was answered");
  } catch (const TransportError& error) {
    CHECK(error.is_transient());
    CHECK(error.message().find("stalled") != std::string::npos);
  }
}

TEST_CASE("a server that does not respond is given up after the response header timeout") {
  Gate gate;
  HttpServer server([opened = gate.opened](const HttpRequest&) {
    opened.wait_for(20s);
    return HttpReply{};
  });
  CurlRig rig({.response_header_timeout = 50ms});
  Request put = request("PUT", server);
  put.body = text_body("body");
  for (const Request& one : {request("GET", server), put}) {
    try {
      static_cast<void>(rig.send(one));
      FAIL("was answered");
    } catch (const TransportError& error) {
      CHECK(error.message().find("no answer") != std::string::npos);
    }
  }
  gate.promise.set_value();
  gate.promise = {};
}

TEST_CASE("a request ends soon after a stop request") {
  Gate gate;
  std::stop_source stop;
  HttpServer server([&stop, opened = gate.opened](const HttpRequest&) {
    stop.request_stop();
    opened.wait_for(20s);
    return HttpReply{};
  });
  CurlRig rig;
  const auto begun = std::chrono::steady_clock::now();
  try {
    static_cast<void>(rig.send(request("GET", server), stop.get_token()));
    FAIL("was answered");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  gate.promise.set_value();
  gate.promise = {};
}

TEST_CASE("a file that is no certificate is Error{Usage}") {
  for (const char* path : {"/nonexistent/ca.pem", "/dev/null", "/tmp"}) {
    CAPTURE(path);
    try {
      CurlRig rig({.ca_cert_paths = {path}});
      FAIL("was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
    }
  }
}

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "nginx.hpp"
#include "support/connect_proxy.hpp"
#include "support/listener.hpp"
#include "tls_registry.hpp"

// HTTP/1.1 is spoken where a server offers both, HTTP/2 where it is the only one, or the user's wish.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A registry behind nginx, which offers HTTP/1.1 and HTTP/2.
struct Rig {
  TempDirectory directory = temp_directory();
  TlsIdentity identity = make_tls_identity(directory.path());
  FakeRegistry registry;
  HttpServer upstream{registry.handler()};
  Nginx nginx{identity, upstream.origin()};
  Ociferry ociferry{OCIFERRY_BINARY};

  Rig() { add_image(registry, 4); }

  /// Exports the image by way of `host`, with the options `more`, and returns what was requested for it.
  std::vector<HttpRequest> requests_of_export(const std::string& host, const std::string& output, Words more = {}) {
    Words words{"export", "-i", TlsRegistry::image_at(host), "-o", output, "--jobs", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return requests_of(std::move(words));
  }

  /// Runs ociferry, which must succeed, and returns what was requested.
  std::vector<HttpRequest> requests_of(Words words) {
    upstream.forget_requests();
    words.insert(words.end(), {"--registry-ca-cert-path", identity.authority.string()});
    const Outcome outcome = ociferry.run(words);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    REQUIRE(upstream.requests().size() > 5);
    return upstream.requests();
  }
};

/// Whether a ClientHello offers HTTP/2 (RFC 7301, section 3.1: "h2" behind its length).
bool offers_http2(int socket) {
  std::array<char, 4096> bytes{};
  const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), MSG_PEEK);
  return got > 0 && has(std::string(bytes.data(), static_cast<std::size_t>(got)), "\x02h2");
}

bool is_http2(const HttpRequest& request) { return request.headers.find(Nginx::kProtocol) == "HTTP/2.0"; }

}  // namespace

TEST_CASE("HTTP/1.1 is used with a server that offers HTTP/2, too, since it needs less processor time") {
  if (lacks({"openssl", "nginx"})) return;
  Rig rig;
  CHECK(std::ranges::none_of(rig.requests_of_export(rig.nginx.host(), "a.tar"), is_http2));
  CHECK(std::ranges::none_of(rig.requests_of_export(rig.nginx.host(), "b.tar", {"--http1"}), is_http2));
  CHECK(std::ranges::all_of(rig.requests_of_export(rig.nginx.host(), "c.tar", {"--http2"}), is_http2));

  const auto uploads = rig.requests_of({"import", "a.tar", "--to-repo", rig.nginx.host() + "/copied", "--jobs", "1"});
  CHECK(std::ranges::any_of(uploads, [](const HttpRequest& request) { return request.method == "PUT"; }));
  CHECK(std::ranges::none_of(uploads, is_http2));
}

TEST_CASE("HTTP/2 is used with a server that refuses every handshake without it") {
  if (lacks({"openssl", "nginx"})) return;
  Rig rig;
  std::atomic<int> refused{0};
  const Listener http2_only([&](int socket) {
    if (offers_http2(socket)) return relay(socket, connect_to(rig.nginx.host()).get());
    ++refused;
    send_all(socket, std::string("\x15\x03\x03\0\x02\x02\x78", 7));  // no_application_protocol
  });
  CHECK(std::ranges::all_of(rig.requests_of_export(http2_only.host(), "a.tar"), is_http2));
  CHECK(refused == 1);

  const Outcome outcome =
      rig.ociferry.run({"tag", "resolve", "-i", TlsRegistry::image_at(http2_only.host()), "--http1",
                        "--registry-retry-count", "0", "--registry-ca-cert-path", rig.identity.authority.string()});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 23);
}

TEST_CASE("HTTP/1.1 is used after a stream of HTTP/2 broke") {
  if (lacks({"openssl", "nginx"})) return;
  Rig rig;
  std::atomic<int> breaks{0};
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (!has(request.path, "/blobs/") || breaks.fetch_sub(1) <= 0) return std::nullopt;
    HttpReply reply{200, {}, std::string(100'000, 'x')};
    reply.break_after = 10;
    return reply;
  };
  static_cast<void>(rig.requests_of_export(rig.nginx.host(), "clean.tar"));
  breaks = 1;
  const auto requests = rig.requests_of_export(rig.nginx.host(), "broken.tar", {"--http2"});
  CHECK(is_http2(requests.front()));
  CHECK_FALSE(is_http2(requests.back()));
  const auto first_old = std::ranges::find_if_not(requests, is_http2);
  CHECK(std::none_of(first_old, requests.end(), is_http2));
  CHECK(read_text(rig.ociferry.home() / "broken.tar") == read_text(rig.ociferry.home() / "clean.tar"));
}

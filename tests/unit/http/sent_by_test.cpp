#include <doctest/doctest.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "http/curl_transport.hpp"
#include "http/redirect.hpp"
#include "support/http_server.hpp"

using namespace ociferry;
using testing::HttpReply;
using testing::HttpRequest;
using testing::HttpServer;

namespace {

HttpServer greeter() {
  return HttpServer([](const HttpRequest&) { return HttpReply{200, {}, "hello"}; });
}

Request named_by(std::optional<std::string> sender, const std::string& url) {
  Request get{"GET", Url::parse(url)};
  get.sent_by = std::move(sender);
  return get;
}

/// The code of the failure; nullopt if there was an answer.
std::optional<ErrorCode> failure(Transport& transport, const Request& request) {
  try {
    static_cast<void>(transport.send(request, {}));
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

std::string at_port(const std::string& host, const HttpServer& server) {
  return "http://" + host + ":" + std::to_string(server.port()) + "/x";
}

/// The machine's own name, if it is not known for a name of loopback but leads to 127.0.0.1; else empty.
std::string name_of_loopback() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || is_loopback(name.data())) return {};
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.data(), nullptr, &hints, &found) != 0) return {};
  std::array<char, NI_MAXHOST> address{};
  ::getnameinfo(found->ai_addr, found->ai_addrlen, address.data(), address.size(), nullptr, 0, NI_NUMERICHOST);
  ::freeaddrinfo(found);
  return std::string_view(address.data()) == "127.0.0.1" ? name.data() : "";
}

/// What goes through the proxy that `http_proxy` names, but for the hosts in `no_proxy`.
TransportOptions through(const std::string& http_proxy, const std::string& no_proxy = {}) {
  TransportOptions options;
  options.proxies = ProxyRules({{"http_proxy", http_proxy}, {"no_proxy", no_proxy}});
  return options;
}

}  // namespace

TEST_CASE("a server may not redirect to link-local addresses") {
  CurlTransport transport({}, silent_progress());
  CHECK(failure(transport, named_by("reg.example", "http://169.254.7.7:9/")) == ErrorCode::Hostile);
  CHECK(failure(transport, named_by("localhost", "http://169.254.7.7:9/")) == ErrorCode::Hostile);
}

TEST_CASE("a name from a server must not resolve to this machine") {
  const HttpServer server = greeter();
  CurlTransport transport({}, silent_progress());
  // The transport looks at addresses only, so that this stands for any name that has this one.
  for (const char* host : {"localhost", "127.0.0.1", "127.0.0.2", "0.0.0.0"}) {
    CAPTURE(host);
    CHECK(failure(transport, named_by("reg.example", at_port(host, server))) == ErrorCode::Hostile);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("a registry on this machine may redirect to this machine, and the user may name any host") {
  const HttpServer server = greeter();
  for (const auto& sender : std::vector<std::optional<std::string>>{"localhost", "127.0.0.1", std::nullopt}) {
    CurlTransport transport({}, silent_progress());
    CHECK_FALSE(failure(transport, named_by(sender, at_port("localhost", server))).has_value());
  }
}

TEST_CASE("a registry whose name resolves to this machine may redirect to this machine, others may not") {
  const std::string name = name_of_loopback();
  if (name.empty()) {
    MESSAGE("not tried: this machine's name does not lead to 127.0.0.1");
    return;
  }
  const HttpServer server = greeter();
  CurlTransport transport({}, silent_progress());
  const Request sent = named_by(name, at_port("127.0.0.1", server));
  CHECK(failure(transport, sent) == ErrorCode::Hostile);  // nothing is known of the name yet
  CHECK_FALSE(failure(transport, named_by(std::nullopt, at_port(name, server))).has_value());
  CHECK_FALSE(failure(transport, sent).has_value());
  CHECK(failure(transport, named_by("reg.example", at_port("127.0.0.1", server))) == ErrorCode::Hostile);
}

TEST_CASE("a redirect to a name that resolves to this machine is not followed") {
  const std::string name = name_of_loopback();
  if (name.empty()) {
    MESSAGE("not tried: this machine's name does not lead to 127.0.0.1");
    return;
  }
  const HttpServer service = greeter();
  const HttpServer registry([&](const HttpRequest&) {
    return HttpReply{307, {{"Location", at_port(name, service)}}, ""};
  });
  // The registry is elsewhere, as far as its name tells: a proxy of the user leads to it.
  CurlTransport transport(through(registry.origin(), name), silent_progress());
  try {
    static_cast<void>(send_following(transport, named_by(std::nullopt, "http://reg.example/v2/"), {}));
    FAIL("followed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
  }
  CHECK(registry.connections() == 1);
  CHECK(service.connections() == 0);
}

TEST_CASE("a proxy on this machine is allowed, since the user names it") {
  const HttpServer server = greeter();
  CurlTransport transport(through(server.origin()), silent_progress());
  CHECK_FALSE(failure(transport, named_by("reg.example", "http://blobs.example/x")).has_value());
  // Also where its port is the URL's: it is the proxy that is on this machine, not what the URL names.
  CHECK_FALSE(failure(transport, named_by("reg.example", at_port("blobs.example", server))).has_value());
  CHECK(server.requests().size() == 2);
}

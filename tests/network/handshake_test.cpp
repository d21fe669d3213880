#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>

#include "support/connect_proxy.hpp"
#include "support/wire.hpp"
#include "tls_registry.hpp"

// Connections that break within the TLS handshake, and servers that speak no TLS at all.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Reads what the client says first; the first byte tells TLS (22) from HTTP.
char first_byte(int socket) {
  std::array<char, 4096> bytes{};
  return ::recv(socket, bytes.data(), bytes.size(), 0) > 0 ? bytes[0] : '\0';
}

constexpr char kTlsHandshake = 22;

}  // namespace

TEST_CASE("a handshake that fails once by a reset, a close or an alert is repeated and succeeds") {
  if (lacks({"openssl"})) return;
  enum class End { Reset, Close, Alert };
  for (const End end : {End::Reset, End::Close, End::Alert}) {
    CAPTURE(static_cast<int>(end));
    const TlsRegistry registry;
    std::atomic<int> connections{0};
    const Listener way([&](int socket) {
      if (++connections > 1) return relay(socket, connect_to(registry.host()).get());
      CHECK(first_byte(socket) == kTlsHandshake);
      if (end == End::Reset) Wire(socket).arm_reset();
      if (end == End::Alert) send_all(socket, std::string("\x15\x03\x03\0\x02\x02\x50", 7));  // internal_error
    });
    const Outcome outcome = Ociferry(OCIFERRY_BINARY).run(registry.resolve(way.host()));
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(has(outcome.out, "sha256:"));
    CHECK(connections > 1);
  }
}

TEST_CASE("a connection that is reset once at any byte of the handshake is repeated and succeeds") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  for (const std::size_t bytes : {1UL, 5UL, 90UL, 200UL, 700UL, 1000UL}) {
    CAPTURE(bytes);
    std::atomic<int> connections{0};
    const Listener way([&](int socket) {
      const bool first = ++connections == 1;
      relay(socket, connect_to(registry.host()).get(), first ? bytes : static_cast<std::size_t>(-1));
      if (first) Wire(socket).arm_reset();
    });
    const Outcome outcome = Ociferry(OCIFERRY_BINARY).run(registry.resolve(way.host()));
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(connections > 1);
  }
}

TEST_CASE("handshakes that always break fail the command soon, without use of plain http") {
  const Listener way([&](int socket) {
    static_cast<void>(first_byte(socket));
    Wire(socket).arm_reset();
  });
  const Outcome outcome = Ociferry(OCIFERRY_BINARY).run({"tag", "resolve", "-i", TlsRegistry::image_at(way.host())});
  CHECK(outcome.exit_code == 23);
  CHECK(has(outcome.err, "gave up after 3 attempts"));
  CHECK_FALSE(has(outcome.err, "plain http"));
}

TEST_CASE("a registry on loopback without TLS is found by plain http, for any response to a ClientHello") {
  FakeRegistry registry;
  add_image(registry);
  const HttpServer plain(registry.handler());
  enum class To { Close, Reset, Answer };
  for (const To to : {To::Close, To::Reset, To::Answer}) {
    CAPTURE(static_cast<int>(to));
    const Listener way([&](int socket) {
      std::array<char, 1> first{};
      if (::recv(socket, first.data(), 1, MSG_PEEK) <= 0) return;
      if (first[0] != kTlsHandshake) return relay(socket, connect_to(plain.host()).get());
      if (to == To::Reset) Wire(socket).arm_reset();
      if (to == To::Answer) send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const Outcome outcome = Ociferry(OCIFERRY_BINARY).run({"tag", "resolve", "-i", TlsRegistry::image_at(way.host())});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
  }
}

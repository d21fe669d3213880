#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "http/curl_transport.hpp"
#include "support/listener.hpp"
#include "support/wire.hpp"

// Hosts that say nothing: packets that are dropped, and servers that take a connection and leave it at that.

using namespace ociferry;
using namespace ociferry::testing;
using namespace std::chrono_literals;

namespace {

TransportError failure(const std::string& host) {
  CurlTransport transport({.connect_timeout = 100ms}, silent_progress());
  try {
    static_cast<void>(transport.send({"GET", Url::parse("https://" + host + "/v2/")}, {}));
  } catch (const TransportError& error) {
    return error;
  }
  FAIL("was answered");
  return {TransportError::Kind::Broken, ""};
}

/// A port whose queue of connections is full: the kernel drops what comes, as a firewall does.
class FullPort {
 public:
  FullPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(server_.get(), generic, length) == 0);
    REQUIRE(::listen(server_.get(), 0) == 0);
    REQUIRE(::getsockname(server_.get(), generic, &length) == 0);
    host_ = text::cat("127.0.0.1:", ntohs(address.sin_port));
    for (const UniqueFd& client : clients_) static_cast<void>(::connect(client.get(), generic, length));
  }
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  static UniqueFd socket(int flags) { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)); }

  UniqueFd server_ = socket(0);
  std::array<UniqueFd, 4> clients_{socket(SOCK_NONBLOCK), socket(SOCK_NONBLOCK), socket(SOCK_NONBLOCK),
                                   socket(SOCK_NONBLOCK)};
  std::string host_;
};

}  // namespace

TEST_CASE("a host that drops packets is reported as silent, not as a broken connection") {
  const FullPort port;
  CHECK(failure(port.host()).kind() == TransportError::Kind::Silent);
}

TEST_CASE("a host that accepts a connection and sends nothing in the handshake is reported as silent") {
  const Listener mute([](int socket) { Wire(socket).stall(); });
  CHECK(failure(mute.host()).kind() == TransportError::Kind::Silent);
}

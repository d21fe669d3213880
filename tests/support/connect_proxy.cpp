#include "support/connect_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "stream/base64.hpp"
#include "support/wire.hpp"

namespace ociferry::testing {

namespace {

/// Passes on what has come, at most `room` bytes; 0 when `from` has ended or `to` is gone.
std::size_t pass(int from, int to, std::size_t room) {
  std::array<char, 16 * 1024> bytes{};
  const ssize_t got = ::recv(from, bytes.data(), std::min(bytes.size(), room), 0);
  if (got <= 0) return 0;
  const auto size = static_cast<std::size_t>(got);
  return send_all(to, {bytes.data(), size}) ? size : 0;
}

}  // namespace

void relay(int client, int server, std::size_t at_most) {
  std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
  while (at_most > 0 && ::poll(ends.data(), ends.size(), -1) > 0) {
    if (ends[0].revents != 0 && pass(client, server, static_cast<std::size_t>(-1)) == 0) return;
    if (ends[1].revents == 0) continue;
    const std::size_t passed = pass(server, client, at_most);
    if (passed == 0) return;
    at_most -= passed;
  }
}

ConnectProxy::ConnectProxy(std::string credentials)
    : wanted_(credentials.empty() ? "" : "Basic " + base64_encoded(credentials)),
      listener_([this](int socket) { serve(socket); }) {}

std::string ConnectProxy::url(const std::string& credentials) const {
  return "http://" + credentials + (credentials.empty() ? "" : "@") + listener_.host();
}

std::vector<HttpRequest> ConnectProxy::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ConnectProxy::status_for(const HttpRequest& request) const {
  if (!wanted_.empty() && request.headers.find("Proxy-Authorization") != wanted_) return 407;
  if (request.method != "CONNECT") return 502;
  return refusal_ == 0 ? 200 : refusal_.load();
}

void ConnectProxy::serve(int socket) {
  Wire wire(socket);
  while (const auto request = wire.read_head()) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    HttpReply reply{status_for(*request)};
    const UniqueFd server = reply.status == 200 ? connect_to(request->path) : UniqueFd();
    if (reply.status == 200 && !server) reply.status = 502;
    if (reply.status == 407) reply.headers.add("Proxy-Authenticate", "Basic realm=proxy");
    if (!server) reply.headers.add("Content-Length", "0");
    if (!wire.send(head_of(reply))) return;
    if (server) return relay(socket, server.get());
  }
}

}  // namespace ociferry::testing

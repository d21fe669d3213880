#include "gate.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "support/process.hpp"

namespace ociferry::testing {

namespace {

constexpr std::chrono::milliseconds kPause{2};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

UniqueFd new_socket() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw system_error("socket", errno);
  return socket;
}

UniqueFd listen_somewhere() {
  UniqueFd socket = new_socket();
  const sockaddr_in address = loopback(0);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    throw system_error("listening for the gate", errno);
  }
  return socket;
}

/// The socket is not connected, and reads as one that was closed, if nobody listens there.
UniqueFd connect_to(const std::string& host) {
  UniqueFd socket = new_socket();
  const auto port = static_cast<std::uint16_t>(std::stoi(host.substr(host.rfind(':') + 1)));
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

bool send_all(int socket, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

Gate::Gate(const std::string& server) : server_(server), listener_(listen_somewhere()) {
  acceptor_ = std::jthread([this] { accept_all(); });
}

Gate::~Gate() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  opened_.notify_all();
  ::shutdown(listener_.get(), SHUT_RDWR);
}

std::string Gate::host() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw system_error("asking for the gate's port", errno);
  }
  return text::cat("127.0.0.1:", ntohs(address.sin_port));
}

void Gate::hold_after(Way way, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  limited_ = true;
  limited_way_ = way;
  left_ = bytes;
}

bool Gate::is_holding() const {
  const std::lock_guard lock(mutex_);
  return holding_;
}

void Gate::open() {
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
    limited_ = false;
  }
  opened_.notify_all();
}

void Gate::accept_all() {
  while (true) {
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    connections_.emplace_back([this, socket = std::move(client)]() mutable { connect_through(std::move(socket)); });
  }
}

void Gate::connect_through(UniqueFd client) {
  const UniqueFd server = connect_to(server_);
  const std::array<int, 2> ends{client.get(), server.get()};
  {
    const std::lock_guard lock(mutex_);
    if (!server || ending_) return;
    sockets_.insert(sockets_.end(), ends.begin(), ends.end());
  }
  std::array<pollfd, 2> waiting{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
  std::vector<char> buffer(64 * 1024);
  for (bool both_open = true; both_open;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) break;
    for (std::size_t from = 0; from < ends.size() && both_open; ++from) {
      if (waiting[from].revents == 0) continue;
      const ssize_t got = ::recv(ends[from], buffer.data(), buffer.size(), 0);
      if (got > 0) pass(from == 0 ? Way::ToServer : Way::ToClient, static_cast<std::size_t>(got));
      both_open = got > 0 && send_all(ends[1 - from], buffer.data(), static_cast<std::size_t>(got));
    }
  }
  const std::lock_guard lock(mutex_);
  for (const int socket : ends) std::erase(sockets_, socket);
}

void Gate::pass(Way way, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  if (limited_ && way == limited_way_) {
    holding_ = holding_ || left_ < bytes;
    left_ -= std::min<std::uint64_t>(left_, bytes);
  }
  opened_.wait(lock, [this] { return !holding_ || ending_; });
}

void await(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorCode::Internal, text::cat("this did not come about: ", what));
    }
    std::this_thread::sleep_for(kPause);
  }
}

Reference by_way_of(const std::string& host, Reference reference) {
  reference.name.registry = host;
  return reference;
}

}  // namespace ociferry::testing

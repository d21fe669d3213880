#include "support/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

namespace {

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
    throw system_error("listening on the loopback", errno);
  }
  return socket;
}

}  // namespace

UniqueFd connect_to(const std::string& host) {
  UniqueFd socket = new_socket();
  const auto port = static_cast<std::uint16_t>(std::stoi(host.substr(host.rfind(':') + 1)));
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Listener::Listener(Serve serve) : serve_(std::move(serve)), socket_(listen_somewhere()) {
  acceptor_ = std::jthread([this] { accept_all(); });
}

Listener::~Listener() {
  stop();
  acceptor_.join();
  std::unique_lock lock(mutex_);
  served_.wait(lock, [this] { return open_.empty(); });
}

void Listener::stop() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  ::shutdown(socket_.get(), SHUT_RDWR);
}

std::string Listener::host() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw system_error("asking for the listener's port", errno);
  }
  return text::cat("127.0.0.1:", ntohs(address.sin_port));
}

void Listener::accept_all() {
  while (true) {
    UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    const int at_once = 1;  // heads and bodies are sent in pieces that must not wait for each other
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    open_.insert(client.get());
    // Detached, since long tests make very many connections; the destructor counts them.
    std::thread([this, socket = std::move(client)]() mutable { serve_one(std::move(socket)); }).detach();
  }
}

void Listener::serve_one(UniqueFd client) {
  const int number = client.get();
  serve_(number);
  // Under the lock: nobody may shut down a number that the kernel has given to someone else.
  const std::lock_guard lock(mutex_);
  open_.erase(number);
  client = UniqueFd();
  served_.notify_all();
}

}  // namespace ociferry::testing

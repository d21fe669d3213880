#include "floor_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// One for all connections. Nobody is verified: that is done once a connection, and moves no byte.
SSL_CTX* tls_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
    if (made == nullptr) die("no TLS");
    SSL_CTX_set_read_ahead(made, 1);
    return made;
  }();
  return context;
}

}  // namespace

Connection::~Connection() {
  SSL_free(tls_);
  if (socket_ >= 0) ::close(socket_);
}

void Connection::open() {
  if (socket_ >= 0) return;
  socket_ = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(job_.port);
  if (::inet_pton(AF_INET, job_.address.c_str(), &to.sin_addr) != 1) die("no IPv4 address: " + job_.address);
  check(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  const int on = 1;
  check(::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  if (job_.tls) begin_tls();
}

void Connection::begin_tls() {
  tls_ = SSL_new(tls_context());
  if (tls_ == nullptr || SSL_set_fd(tls_, socket_) != 1 || SSL_connect(tls_) != 1) die("the TLS handshake failed");
}

void Connection::send(std::string_view data, bool more) {
  const auto size = static_cast<int>(data.size());
  const auto sent = tls_ != nullptr ? SSL_write(tls_, data.data(), size)
                                    : ::send(socket_, data.data(), data.size(), (more ? MSG_MORE : 0) | MSG_NOSIGNAL);
  if (sent != size) die("the server took a part only");
}

void Connection::send_file(int file, std::int64_t offset, std::int64_t size) {
  for (off_t at = offset; at < offset + size;) {
    const auto left = static_cast<std::size_t>(offset + size - at);
    if (check(::sendfile(socket_, file, &at, left), "sendfile") == 0) die("the file is too short");
  }
}

std::size_t Connection::receive(char* data, std::size_t size) {
  const auto got = tls_ != nullptr ? SSL_read(tls_, data, static_cast<int>(size)) : ::recv(socket_, data, size, 0);
  if (got <= 0) die("the server closed the connection");
  return static_cast<std::size_t>(got);
}

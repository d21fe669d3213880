#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/http_messages.hpp"

namespace ociferry::testing {

/// `text` with its %XX replaced. Throws std::invalid_argument if these are no hexadecimal digits.
[[nodiscard]] std::string percent_decoded(std::string_view text);

/// The server's end of an HTTP/1.1 connection, in bytes: it can break every rule that a proper server keeps.
/// Used by one thread; blocks. Does not own the socket.
class Wire {
 public:
  explicit Wire(int socket) : socket_(socket) {}

  /// The next request without its body. Nothing if the client is gone, or does not speak HTTP (it gets a 400 then, as
  /// a TLS client gets from a plain server).
  [[nodiscard]] std::optional<HttpRequest> read_head();
  /// Appends up to `size` bytes of the request's body; false if the client ended before.
  [[nodiscard]] bool read_body(std::size_t size, std::string& body);

  /// False if the client is gone.
  bool send(std::string_view bytes);
  /// Whatever is closed from now on looks like a reset to the client.
  void arm_reset();
  /// Neither reads nor sends until the client gives up, or the socket is shut down.
  void stall();

 private:
  [[nodiscard]] bool receive();

  int socket_;
  std::string buffer_;
};

/// "HTTP/1.1 404 ..." and the headers, with the empty line behind them.
[[nodiscard]] std::string head_of(const HttpReply& reply);

}  // namespace ociferry::testing

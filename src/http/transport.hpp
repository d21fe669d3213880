#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "http/headers.hpp"
#include "http/limits.hpp"
#include "http/url.hpp"
#include "ociferry/error.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// The response of a server.
struct Response {
  int status = 0;
  Headers headers;
  /// The body (of an error, its beginning); empty if it was written to a sink.
  std::string body;
};

[[nodiscard]] constexpr bool is_success(int status) noexcept { return status >= 200 && status < 300; }

/// A request body. `open` is called for each attempt and returns a stream of exactly `size` bytes.
struct RequestBody {
  std::uint64_t size = 0;
  std::function<std::unique_ptr<ByteSource>()> open;
};

/// One HTTP request; cheap to copy for retries.
struct Request {
  std::string method;
  Url url;
  Headers headers = {};
  std::optional<RequestBody> body = {};
  /// Receives the body of a 2xx response; other bodies go to Response::body. Not owned; outlives the request.
  ByteSink* sink = nullptr;
  /// Called once with status and headers before the first byte is written to `sink`; may throw to refuse.
  std::function<void(const Response&)> before_sink = {};
  /// Limit for a 2xx body in memory, in bytes; Error{Hostile} beyond.
  std::uint64_t max_body = limits::kErrorBodyBytes;
  /// Added to the response header time-out, such as while the server stores a large body.
  std::chrono::seconds extra_response_time{0};
  /// The host that sent us to the URL, if the user did not: then link-local addresses are refused, and loopback
  /// addresses unless that host is a loopback host, too.
  std::optional<std::string> sent_by = {};
  /// The body contains a secret: a redirect to another origin is refused.
  bool secret_body = false;
  /// Opens a connection, and leaves those that are open to others.
  bool opens_connection = false;
};

/// A request without a response. Failures of a sink or body source are never wrapped in it.
class TransportError : public Error {
 public:
  enum class Kind {
    Connect,      ///< refused, no such host, no route; by us or a proxy
    Silent,       ///< connect time-out, TLS handshake and proxy tunnel included
    NotTls,       ///< the peer does not speak TLS
    Handshake,    ///< reset or closed during the TLS handshake
    Certificate,  ///< the peer's certificate is not trusted, or an authority's file is unusable
    Proxy,        ///< the proxy wants other credentials, or its variable is not a URL
    Broken,       ///< reset, truncated, stalled or timed out
  };
  /// NotTls, Certificate and Proxy are marked lasting, the others transient.
  TransportError(Kind kind, std::string message);
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// Sends requests: one attempt, no redirects, no authentication. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Blocks until the response is complete. Throws TransportError, Error{Interrupted} if `stop` is requested,
  /// Error{Hostile} for a response beyond a limit, and what a sink or body source throws.
  [[nodiscard]] virtual Response send(const Request& request, std::stop_token stop) = 0;
};

}  // namespace ociferry

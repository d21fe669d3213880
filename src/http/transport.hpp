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

/// What a server answered.
struct Response {
  int status = 0;
  Headers headers;
  /// The whole body, or the beginning of an error's; empty if it went into a sink.
  std::string body;
};

[[nodiscard]] constexpr bool is_success(int status) noexcept { return status >= 200 && status < 300; }

/// A body that can be sent again: `open` is called for each attempt and must give exactly `size` bytes.
struct RequestBody {
  std::uint64_t size = 0;
  std::function<std::unique_ptr<ByteSource>()> open;
};

/// One HTTP request; cheap to copy, so that it can be repeated.
struct Request {
  std::string method;
  Url url;
  Headers headers = {};
  std::optional<RequestBody> body = {};
  /// Takes the body of a 2xx answer; other answers are kept in Response::body. Not owned; outlives the request.
  ByteSink* sink = nullptr;
  /// Called once with status and headers (no body yet) before the first byte goes into `sink`; may throw to refuse.
  std::function<void(const Response&)> before_sink = {};
  /// The most bytes that a 2xx answer's body may have in memory; beyond it Error{Hostile} is thrown.
  std::uint64_t max_body = limits::kErrorBodyBytes;
  /// How much longer than usual the server may think about the request, such as while it stores a large body.
  std::chrono::seconds patience{0};
  /// The host that named the URL, if the user did not: addresses that only this machine can reach are refused then,
  /// those of loopback unless that host is there, too.
  std::optional<std::string> sent_by = {};
  /// The body holds a secret: a redirect that would take it to another origin is refused.
  bool secret_body = false;
};

/// A failure to exchange a request at all. Failures of a sink or a body source are never wrapped into it.
class TransportError : public Error {
 public:
  enum class Kind {
    Connect,      ///< nobody answers there: refused, no such host, no route, or a proxy says so
    Silent,       ///< the connect time-out went by before the connection stood, TLS and a proxy's tunnel included
    NotTls,       ///< whoever answers does not speak TLS
    Handshake,    ///< reset or closed within the TLS handshake: a fault on the way, or a peer that speaks no TLS
    Certificate,  ///< the peer's certificate does not prove who it is, or an authority's file is unusable
    Proxy,        ///< a proxy refuses to help: it wants other credentials, or its name in the environment is no URL
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
  /// Blocks until the answer is there. Throws TransportError, Error{Interrupted} if `stop` is requested,
  /// Error{Hostile} for an answer that breaks a bound, and whatever a sink or body source throws, unchanged.
  [[nodiscard]] virtual Response send(const Request& request, std::stop_token stop) = 0;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/http_messages.hpp"

namespace ociferry::testing {

/// What makes an HttpServer speak TLS: the text of two PEM files.
struct ServerCertificate {
  std::string certificate;
  std::string key;
};

/// An HTTP server on a free loopback port, for as long as it lives. The handler is called on several threads at once.
class HttpServer {
 public:
  /// Throws std::runtime_error if it cannot listen.
  explicit HttpServer(HttpHandler handler);
  /// The same with TLS.
  HttpServer(HttpHandler handler, ServerCertificate certificate);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;
  /// "127.0.0.1:PORT", as in a reference.
  [[nodiscard]] std::string host() const;
  /// "http://127.0.0.1:PORT", or https
  [[nodiscard]] std::string origin() const;
  /// Every request so far, in the order in which they were complete.
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// Forgets them.
  void forget_requests();
  /// How many connections were made so far.
  [[nodiscard]] std::size_t connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry::testing

#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "http/transport.hpp"
#include "support/http_messages.hpp"

namespace ociferry::testing {

/// A Transport without a network: answers come from a handler, or from a script that is played in order.
/// Behaves like the real one towards sinks, body sources and bounds. Thread-safe.
class FakeTransport : public Transport {
 public:
  /// Answers every request with `handler`, whatever the host.
  explicit FakeTransport(HttpHandler handler) : handler_(std::move(handler)) {}
  /// Answers from a script; see `expect`.
  FakeTransport() = default;

  /// The next request must be `method` to exactly `url` (query included); it gets `reply`.
  FakeTransport& expect(std::string method, std::string url, HttpReply reply = {});
  /// The next request must be `method` to `url`; it fails.
  FakeTransport& expect_failure(std::string method, std::string url, TransportError::Kind kind);

  [[nodiscard]] Response send(const Request& request, std::stop_token stop) override;

  /// Every request so far: as text "METHOD URL", and with all it brought.
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// True if the whole script was played.
  [[nodiscard]] bool finished() const;

 private:
  struct Step {
    std::string line;
    HttpReply reply;
    std::optional<TransportError::Kind> failure;
  };
  [[nodiscard]] HttpReply reply_to(const Request& request, const HttpRequest& seen);

  HttpHandler handler_;
  mutable std::mutex mutex_;
  std::deque<Step> script_;
  std::vector<std::string> lines_;
  std::vector<HttpRequest> requests_;
};

}  // namespace ociferry::testing

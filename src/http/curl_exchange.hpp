#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/collector.hpp"
#include "http/transport.hpp"

namespace ociferry {

/// The error if the errno `why` means that the system has no file descriptor or memory for another socket; nullopt for
/// any other errno.
[[nodiscard]] std::optional<Error> shortage(const Request& request, int why);

/// The state of one request and the targets of libcurl's callbacks. No callback throws: the first exception ends the
/// transfer and is kept for `rethrow`. Used by one thread.
class CurlExchange {
 public:
  /// Why a callback ended the transfer.
  enum class Ended { No, Stopped, NoAnswer, Stalled, ForeignAddress };
  /// Whether the URL may resolve to a loopback address. Unseen: the user's proxy resolves the host.
  enum class Loopback { Allowed, Refused, Unseen };
  struct Timeouts {
    std::chrono::milliseconds response;
    std::chrono::milliseconds stall;
  };

  CurlExchange(const Request& request, Timeouts timeouts, Loopback loopback, std::stop_token stop)
      : request_(request), timeouts_(timeouts), loopback_(loopback), stop_(std::move(stop)) {}

  /// A header line of any response, including "HTTP/1.1 200 OK", "100 Continue" and trailers. False: end the transfer.
  [[nodiscard]] bool on_header(std::string_view line) noexcept;
  /// Body bytes. False: end the transfer.
  [[nodiscard]] bool on_body(Bytes bytes) noexcept;
  /// Fills `buffer` with the request's body; returns how much, or kAbort.
  [[nodiscard]] std::size_t on_read(MutableBytes buffer) noexcept;
  /// Rewinds the request's body.
  [[nodiscard]] bool on_rewind() noexcept;
  /// The connection is established; the request is about to be sent.
  void on_connected() noexcept { connected_ = true, touch(); }
  /// Called every second or more often, with the bytes transferred so far. False: end the transfer.
  [[nodiscard]] bool on_tick(std::int64_t received, std::int64_t sent) noexcept;
  /// A connection to `address` (in the form of a URL's host) is about to be opened or used. False: a server must not
  /// direct us there. May throw bad_alloc.
  [[nodiscard]] bool may_use(const std::string& address);
  /// True if the URL resolved to a loopback address.
  [[nodiscard]] bool is_at_loopback() const noexcept { return is_at_loopback_; }
  /// A socket could not be created; `why` is the errno. A local shortage is kept as the failure.
  void on_no_socket(int why) noexcept;

  /// The transfer has ended: flushes the buffered body. False on failure.
  [[nodiscard]] bool on_end() noexcept;

  /// Throws the exception that a callback kept, if any.
  void rethrow() const;
  [[nodiscard]] Ended ended() const noexcept { return ended_; }
  [[nodiscard]] Response take_response() noexcept { return std::move(response_); }
  [[nodiscard]] const Response& response() const noexcept { return response_; }

  static constexpr std::size_t kAbort = static_cast<std::size_t>(-1);

 private:
  void begin_response(std::string_view status_line);
  void take_body(Bytes bytes);
  void touch() noexcept { last_activity_ = std::chrono::steady_clock::now(); }
  template <typename Action>
  bool guarded(Action action) noexcept;

  const Request& request_;
  Timeouts timeouts_;
  Loopback loopback_;
  std::stop_token stop_;
  Response response_;
  std::unique_ptr<ByteSource> source_;
  std::uint64_t left_to_send_ = 0;
  std::optional<Collector> body_;  ///< on its way to the request's sink
  bool headers_done_ = false;
  bool connected_ = false;
  bool is_at_loopback_ = false;
  std::int64_t received_ = 0;
  std::int64_t sent_ = 0;
  std::chrono::steady_clock::time_point last_activity_ = std::chrono::steady_clock::now();
  Ended ended_ = Ended::No;
  std::exception_ptr failure_;
};

}  // namespace ociferry

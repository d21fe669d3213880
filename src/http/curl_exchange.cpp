#include "http/curl_exchange.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "http/limits.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kMaxHeaderBytes = 256 * 1024;

/// libcurl's message for that failure.
void throw_if_broken(int failure, const Request& request) {
  if (failure == 0) return;
  throw TransportError(TransportError::Kind::Broken, text::cat(request.method, " ", request.url.shown(), ": ",
                                                               std::generic_category().message(failure)));
}

}  // namespace

std::optional<Error> shortage(const Request& request, int why) {
  const auto error = [&] {
    return system_error(text::cat(request.method, " ", request.url.shown(), ": making a socket"), why);
  };
  switch (why) {
    case EMFILE:
    case ENFILE: return error().hint("allow more open files (ulimit -n), or use fewer --jobs");
    case ENOBUFS:
    case ENOMEM: return error();
    default: return std::nullopt;  // such as a disabled address family
  }
}

template <typename Action>
bool CurlExchange::guarded(Action action) noexcept {
  try {
    action();
    touch();  // time spent in a slow sink or source is not the peer's
    return true;
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    return false;
  }
}

bool CurlExchange::on_header(std::string_view line) noexcept {
  return guarded([&] {
    if (line.starts_with("HTTP/")) {
      throw_if_broken(calls::received(line.size()), request_);
      return begin_response(line);
    }
    const std::string_view trimmed = text::trim(line);
    if (trimmed.empty()) {
      headers_done_ = response_.status >= 200;
      return;
    }
    const auto colon = trimmed.find(':');
    if (headers_done_ || colon == std::string_view::npos || colon == 0) return;  // a trailer, or no field
    std::size_t total = trimmed.size();
    for (const auto& [name, value] : response_.headers) total += name.size() + value.size();
    if (total > kMaxHeaderBytes) {
      throw Error(ErrorCode::Hostile, text::cat(request_.url.shown(), ": the answer's headers are too large"));
    }
    response_.headers.add(std::string(trimmed.substr(0, colon)), std::string(text::trim(trimmed.substr(colon + 1))));
  });
}

void CurlExchange::begin_response(std::string_view status_line) {
  response_ = {};
  headers_done_ = false;
  body_.reset();
  const auto space = std::min(status_line.find(' '), status_line.size() - 1);
  const std::string_view digits = text::trim(status_line.substr(space)).substr(0, 3);
  std::from_chars(digits.data(), digits.data() + digits.size(), response_.status);
}

bool CurlExchange::on_body(Bytes bytes) noexcept {
  return guarded([&] {
    throw_if_broken(calls::received(bytes.size()), request_);
    take_body(bytes);
  });
}

void CurlExchange::take_body(Bytes bytes) {
  if (is_success(response_.status) && request_.sink != nullptr) {
    if (!body_) {
      if (request_.before_sink) request_.before_sink(response_);
      body_.emplace(*request_.sink);
    }
    return body_->take(bytes, std::chrono::steady_clock::now());
  }
  const bool success = is_success(response_.status);
  const std::uint64_t limit = success ? request_.max_body : limits::kErrorBodyBytes;
  const std::uint64_t room = limit - response_.body.size();
  if (bytes.size() > room && success) {
    throw Error(ErrorCode::Hostile,
                text::cat(request_.method, " ", request_.url.shown(), ": the answer is larger than ", limit, " bytes"));
  }
  response_.body += as_text(bytes.first(std::min<std::size_t>(bytes.size(), room)));
}

bool CurlExchange::on_end() noexcept {
  if (!body_ || failure_) return true;
  return guarded([&] { body_->finish(); });
}

std::size_t CurlExchange::on_read(MutableBytes buffer) noexcept {
  std::size_t got = 0;
  const bool fine = guarded([&] {
    throw_if_broken(calls::sending(buffer.size()), request_);
    if (!source_) {
      source_ = request_.body->open();
      left_to_send_ = request_.body->size;
    }
    if (left_to_send_ == 0) return;
    got = source_->read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_to_send_)));
    if (got == 0) throw Error(ErrorCode::Corrupt, text::cat("what is sent to ", request_.url.shown(), " ends early"));
    left_to_send_ -= got;
    touch();  // the peer is not to blame if the source took long, as a medium that somebody must bring does
  });
  return fine ? got : kAbort;
}

bool CurlExchange::on_rewind() noexcept {
  return guarded([&] { source_.reset(); });
}

bool CurlExchange::on_tick(std::int64_t received, std::int64_t sent) noexcept {
  if (stop_.stop_requested()) {
    ended_ = Ended::Stopped;
    return false;
  }
  if (received != received_ || sent != sent_) {
    received_ = received;
    sent_ = sent;
    touch();
  }
  const bool all_sent = !request_.body || request_.body->size == 0 || (source_ && left_to_send_ == 0);
  const bool awaits_answer = connected_ && all_sent && !headers_done_;
  const auto idle = std::chrono::steady_clock::now() - last_activity_;
  if (connected_ && idle > (awaits_answer ? timeouts_.response : timeouts_.stall)) {
    ended_ = awaits_answer ? Ended::NoAnswer : Ended::Stalled;
    return false;
  }
  return true;
}

bool CurlExchange::may_use(const std::string& address) {
  if (loopback_ == Loopback::Unseen) return true;
  const bool here = is_loopback(address);
  const bool refused = (here && loopback_ == Loopback::Refused) || is_link_local(address);
  if (!refused || !request_.sent_by) {
    is_at_loopback_ = is_at_loopback_ || here;
    return true;
  }
  ended_ = Ended::ForeignAddress;
  return false;
}

void CurlExchange::on_no_socket(int why) noexcept {
  static_cast<void>(guarded([&] {
    if (const auto error = shortage(request_, why)) throw *error;
  }));
}

void CurlExchange::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace ociferry

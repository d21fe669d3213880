#include "support/fake_transport.hpp"

#include <charconv>
#include <stdexcept>

#include "base/text.hpp"
#include "stream/memory.hpp"

namespace ociferry::testing {

namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 2 >= text.size()) {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

HttpRequest as_seen(const Request& request) {
  HttpRequest seen{request.method, request.url.path(), {}, request.headers, {}};
  for (const std::string& pair : text::split(request.url.query(), '&')) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos) continue;
    seen.parameters.emplace(decoded(pair.substr(0, equals)), decoded(pair.substr(equals + 1)));
  }
  if (request.body) seen.body = read_all(*request.body->open(), request.body->size);
  return seen;
}

TransportError broken(const Request& request) {
  return {TransportError::Kind::Broken, request.method + " " + request.url.shown() + ": connection reset"};
}

Response deliver(const Request& request, const HttpReply& reply) {
  Response response{reply.status, reply.headers, {}};
  const bool success = reply.status >= 200 && reply.status < 300;
  const std::string_view sent = std::string_view(reply.body).substr(0, reply.break_after.value_or(reply.body.size()));
  if (request.method == "HEAD") return response;
  if (success && request.sink != nullptr) {
    if (!sent.empty()) {
      if (request.before_sink) request.before_sink(response);
      request.sink->write(as_bytes(sent));
    }
  } else if (success && sent.size() > request.max_body) {
    throw Error(ErrorCode::Hostile, "the answer is too large");
  } else {
    response.body = sent;
  }
  if (reply.break_after) throw broken(request);
  return response;
}

}  // namespace

FakeTransport& FakeTransport::expect(std::string method, std::string url, HttpReply reply) {
  script_.push_back({method + " " + url, std::move(reply), std::nullopt});
  return *this;
}

FakeTransport& FakeTransport::expect_failure(std::string method, std::string url, TransportError::Kind kind) {
  script_.push_back({method + " " + url, {}, kind});
  return *this;
}

Response FakeTransport::send(const Request& request, std::stop_token stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
  const HttpRequest seen = as_seen(request);
  const HttpReply reply = reply_to(request, seen);
  if (reply.drop) throw broken(request);
  return deliver(request, reply);
}

HttpReply FakeTransport::reply_to(const Request& request, const HttpRequest& seen) {
  const std::lock_guard lock(mutex_);
  const std::string line = request.method + " " + request.url.text();
  lines_.push_back(line);
  requests_.push_back(seen);
  if (handler_) return handler_(seen);
  if (script_.empty()) throw std::logic_error("unexpected request: " + line);
  const Step step = std::move(script_.front());
  script_.pop_front();
  if (step.line != line) throw std::logic_error("expected '" + step.line + "', got '" + line + "'");
  if (step.failure) throw TransportError(*step.failure, line + ": failed as the script says");
  return step.reply;
}

std::vector<std::string> FakeTransport::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::vector<HttpRequest> FakeTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool FakeTransport::finished() const {
  const std::lock_guard lock(mutex_);
  return script_.empty();
}

}  // namespace ociferry::testing

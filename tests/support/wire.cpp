#include "support/wire.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "support/listener.hpp"

namespace ociferry::testing {

namespace {

constexpr std::size_t kMaxHead = 256 * 1024;

void set_target(HttpRequest& request, const std::string& target) {
  request.target = target;
  const auto mark = std::min(target.find('?'), target.size());
  request.path = percent_decoded(target.substr(0, mark));
  for (const std::string& field : text::split(target.substr(std::min(mark + 1, target.size())), '&')) {
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    request.parameters.emplace(percent_decoded(field.substr(0, equals)),
                               percent_decoded(std::string_view(field).substr(std::min(equals + 1, field.size()))));
  }
}

std::optional<HttpRequest> parse_head(const std::string& head) {
  const auto lines = text::split(head, '\n');
  const auto words = text::split(text::trim(lines.front()), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return std::nullopt;
  HttpRequest request;
  request.method = words[0];
  set_target(request, words[1]);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string_view line = text::trim(lines[i]);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.add(std::string(line.substr(0, colon)), std::string(text::trim(line.substr(colon + 1))));
  }
  return request;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool Wire::receive() {
  std::array<char, 64 * 1024> bytes{};
  const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpRequest> Wire::read_head() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  auto end = buffer_.find(kEnd);
  while (end == std::string::npos) {
    const bool may_be_http = buffer_.empty() || (buffer_[0] >= 'A' && buffer_[0] <= 'Z');
    if (!may_be_http || buffer_.size() > kMaxHead) break;
    if (!receive()) return std::nullopt;
    end = buffer_.find(kEnd);
  }
  std::optional<HttpRequest> request;
  if (end != std::string::npos) request = parse_head(buffer_.substr(0, end));
  if (!request) {
    send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return std::nullopt;
  }
  buffer_.erase(0, end + kEnd.size());
  return request;
}

bool Wire::read_body(std::size_t size, std::string& body) {
  while (buffer_.size() < size) {
    if (!receive()) break;
  }
  const std::size_t taken = std::min(size, buffer_.size());
  body.append(buffer_, 0, taken);
  buffer_.erase(0, taken);
  return taken == size;
}

bool Wire::send(std::string_view bytes) { return send_all(socket_, bytes); }

void Wire::arm_reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Wire::stall() {
  pollfd waiting{socket_, POLLRDHUP, 0};
  while (::poll(&waiting, 1, -1) >= 0 && (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) {
  }
}

std::string head_of(const HttpReply& reply) {
  std::string head = text::cat("HTTP/1.1 ", reply.status, " Status\r\n");
  for (const auto& [name, value] : reply.headers) head += text::cat(name, ": ", value, "\r\n");
  return head + "\r\n";
}

}  // namespace ociferry::testing

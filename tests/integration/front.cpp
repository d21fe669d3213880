#include "front.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "http/url.hpp"

namespace ociferry::testing {

namespace {

// What belongs to one connection only, or is made anew for the other one (RFC 9110, section 7.6.1).
bool belongs_to_connection(const std::string& name) {
  constexpr std::array<std::string_view, 5> kNames{"Connection", "Content-Length", "Date", "Expect",
                                                   "Transfer-Encoding"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return text::equals_ignoring_case(one, name); });
}

std::string query_of(const HttpRequest& request) {
  std::string query;
  for (const auto& [name, value] : request.parameters) {
    query += text::cat(query.empty() ? "?" : "&", percent_encoded(name), "=", percent_encoded(value));
  }
  return query;
}

HttpReply reply_from(const HttpAnswer& answer) {
  HttpReply reply{.status = answer.status, .body = answer.body};
  for (const std::string& line : text::split(answer.headers, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon);
    if (belongs_to_connection(name)) continue;
    reply.headers.add(name, std::string(text::trim(std::string_view(line).substr(colon + 1))));
  }
  return reply;
}

}  // namespace

Front::Front(const RegistryServer& registry, Intercept intercept)
    : registry_(registry),
      intercept_(std::move(intercept)),
      server_([this](const HttpRequest& request) { return answer(request); }) {}

HttpReply Front::answer(const HttpRequest& request) const {
  if (intercept_) {
    if (auto reply = intercept_(request)) return *std::move(reply);
  }
  HttpCall call{.method = request.method, .url = text::cat(registry_.url(), request.path, query_of(request))};
  for (const auto& [name, value] : request.headers) {
    if (!belongs_to_connection(name)) call.headers.push_back(text::cat(name, ": ", value));
  }
  call.body = request.body;
  call.any_certificate = true;
  const HttpAnswer answer = perform(call);
  if (answer.status == 0) return {.drop = true};
  return reply_from(answer);
}

std::size_t Front::count(const std::string& method, const std::string& path_part) const {
  const auto all = requests();
  return static_cast<std::size_t>(std::ranges::count_if(all, [&](const HttpRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  }));
}

}  // namespace ociferry::testing

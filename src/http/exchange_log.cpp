#include "http/exchange_log.hpp"

#include "base/text.hpp"
#include "http/redact.hpp"

namespace ociferry {

void ExchangeLog::request(const Request& request, std::string_view user_agent, std::string_view proxy) const {
  const std::string& query = request.url.query();
  line('>', text::cat(request.method, " ", request.url.shown(), query.empty() ? "" : "?", shown_query(query)));
  if (!proxy.empty()) line('>', text::cat("through the proxy ", proxy));
  line('>', text::cat("User-Agent: ", user_agent));
  headers('>', request.headers);
  if (request.body) line('>', text::cat("Content-Length: ", request.body->size));
}

void ExchangeLog::response(const Response& response, std::chrono::milliseconds time) const {
  line('<', text::cat(response.status, " in ", time.count(), " ms"));
  headers('<', response.headers);
}

void ExchangeLog::failure(std::string_view why, std::chrono::milliseconds time) const {
  line('<', text::cat("failed after ", time.count(), " ms: ", why));
}

void ExchangeLog::headers(char direction, const Headers& headers) const {
  for (const auto& [name, value] : headers) line(direction, text::cat(name, ": ", shown_header(name, value)));
}

void ExchangeLog::line(char direction, std::string_view text) const {
  progress_.debug(text::cat("http ", number_, " ", direction, " ", text));
}

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "http/headers.hpp"

namespace ociferry::testing {

/// A request as a test's server sees it.
struct HttpRequest {
  std::string method;
  std::string path;
  std::multimap<std::string, std::string> parameters;  ///< of the query, decoded
  Headers headers;
  std::string body;
  std::string target = {};  ///< path and query as they were sent (FaultProxy only)

  [[nodiscard]] std::string parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
  }
};

/// What a test's server answers, or how it fails.
struct HttpReply {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  /// Break the connection after so many bytes of the body; 0 breaks it before the body.
  std::optional<std::size_t> break_after = std::nullopt;
  /// Break the connection instead of answering.
  bool drop = false;
  /// Send the headers and `break_after` bytes, then nothing, until the server ends (HttpServer only).
  bool stall = false;
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

}  // namespace ociferry::testing

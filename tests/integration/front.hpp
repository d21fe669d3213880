#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/http_server.hpp"
#include "support/registry_server.hpp"

namespace ociferry::testing {

/// A reverse proxy in front of a registry: it sees every header of every request, and may answer some of them itself.
/// Small images only, as each request and answer is kept in memory.
class Front {
 public:
  /// Answers in the registry's place, or does not. Called from several threads at once, and may block.
  using Intercept = std::function<std::optional<HttpReply>(const HttpRequest&)>;

  /// `registry` must outlive it.
  explicit Front(const RegistryServer& registry, Intercept intercept = {});

  /// "127.0.0.1:PORT", where clients ask.
  [[nodiscard]] std::string host() const { return server_.host(); }
  /// Every request so far, those that were intercepted included.
  [[nodiscard]] std::vector<HttpRequest> requests() const { return server_.requests(); }
  /// How many of them have this method and this text in their path.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& path_part) const;

 private:
  [[nodiscard]] HttpReply answer(const HttpRequest& request) const;

  const RegistryServer& registry_;
  Intercept intercept_;
  HttpServer server_;
};

}  // namespace ociferry::testing

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/transport.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Logs one HTTP exchange for --debug, one line for each header:
///
///     http 7 > GET https://registry.example/v2/team/app/manifests/v1
///     http 7 > Authorization: Bearer [not shown]
///     http 7 < 200 in 12 ms
///     http 7 < Content-Type: application/vnd.oci.image.index.v1+json
///
/// The number tells concurrent exchanges apart. Secrets are left out (see shown_header).
class ExchangeLog {
 public:
  /// `progress` must outlive it.
  ExchangeLog(Progress& progress, std::uint64_t number) : progress_(progress), number_(number) {}

  /// `proxy` is the URL of the proxy that the request goes through, without credentials; empty: none.
  void request(const Request& request, std::string_view user_agent, std::string_view proxy) const;
  void response(const Response& response, std::chrono::milliseconds time) const;
  void failure(std::string_view why, std::chrono::milliseconds time) const;

 private:
  void line(char direction, std::string_view text) const;
  void headers(char direction, const Headers& headers) const;

  Progress& progress_;
  std::uint64_t number_;
};

}  // namespace ociferry

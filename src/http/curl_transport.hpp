#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http/proxy_rules.hpp"
#include "http/transport.hpp"
#include "ociferry/http_version.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

struct TransportOptions {
  std::string user_agent = "ociferry";
  std::vector<std::filesystem::path> ca_cert_paths = {};  ///< added to the system's authorities
  /// Directories with certificates of single servers; see `find_host_certificates`.
  std::vector<std::filesystem::path> certificate_directories = {};
  ProxyRules proxies = {};
  bool verify_certs = true;
  HttpVersion http_version = HttpVersion::Auto;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds response_header_timeout{30'000};
  bool retry_timeouts = true;  ///< connections and answers that do not begin in time are transient errors
  std::chrono::milliseconds stall_timeout{60'000};
};

/// HTTP over libcurl, which is told the proxy of each request and reads no variables itself. Connections are kept and
/// used again, each for one request at a time: so HTTP/2 would bring nothing, and libcurl's costs several times the
/// processor time of HTTP/1.1 for large bodies. Nothing is remembered or read from files but the certificates: no
/// cookies, no .netrc, no HSTS. Reports every exchange through Progress::debug: request line, headers, status, time;
/// see ExchangeLog.
class CurlTransport : public Transport {
 public:
  /// Reads the certificate files. Throws Error{Usage} if one cannot be used. `progress` must outlive the transport.
  CurlTransport(TransportOptions options, Progress& progress);
  ~CurlTransport() override;
  [[nodiscard]] Response send(const Request& request, std::stop_token stop) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The libraries that talk to registries, and their versions: "libcurl/7.88.1 OpenSSL/3.0.17 ...".
[[nodiscard]] std::string transport_libraries();

}  // namespace ociferry

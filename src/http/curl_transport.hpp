#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http/peer.hpp"
#include "http/proxy_rules.hpp"
#include "http/transport.hpp"
#include "ociferry/http_version.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

struct TransportOptions {
  std::string user_agent = "ociferry";
  std::vector<std::filesystem::path> ca_cert_paths = {};  ///< trusted in addition to the system's
  /// Directories with certificates for single servers; see `find_host_certificates`.
  std::vector<std::filesystem::path> certificate_directories = {};
  ProxyRules proxies = {};
  bool verify_certs = true;
  HttpVersion http_version = HttpVersion::Auto;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds response_header_timeout{30'000};
  bool retry_timeouts = true;  ///< connect and response header time-outs are transient errors
  std::chrono::milliseconds stall_timeout{60'000};
  PeerObserver observe_peer = {};  ///< if set, is told of each connection
};

/// HTTP over libcurl. The proxy of each request is set by us; libcurl reads no variables. Connections are reused, each
/// for one request at a time. HTTP/2 would gain nothing from that, and takes libcurl several times the processor time
/// for large bodies. Certificates are the only files that are read: no cookies, no .netrc, no HSTS. Logs every exchange
/// to Progress::debug; see ExchangeLog.
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

/// The libraries for HTTP and TLS, and their versions: "libcurl/7.88.1 OpenSSL/3.0.17 ...".
[[nodiscard]] std::string transport_libraries();

}  // namespace ociferry

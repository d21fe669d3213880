#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// A certificate as the peer showed it. Its texts are from outside.
struct PeerCertificate {
  std::string subject = {};
  std::string issuer = {};
  std::optional<std::chrono::sys_seconds> begins = {};  ///< nullopt: not readable
  std::optional<std::chrono::sys_seconds> ends = {};
};

/// The other end of a new connection.
struct Peer {
  std::string address = {};                        ///< with the port: "192.0.2.7:443", "[2001:db8::7]:443"
  bool is_proxy = false;                           ///< the address is that of the user's proxy
  bool is_http2 = false;                           ///< the first response came by HTTP/2
  std::chrono::microseconds connect_time{0};       ///< until the connection was open, with TLS, if any
  std::vector<PeerCertificate> certificates = {};  ///< the server's own first; empty without TLS
};

/// Called for the first response on each connection, by the thread that sent the request. Must not throw.
using PeerObserver = std::function<void(const Peer&)>;

/// The time in OpenSSL's text of a certificate: "Nov  9 06:18:00 2026 GMT"; nullopt if it is not one.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_certificate_time(const std::string& text);

/// The members of a certificate from libcurl's list of "Name:value".
[[nodiscard]] PeerCertificate read_certificate(const std::vector<std::string_view>& members);

}  // namespace ociferry

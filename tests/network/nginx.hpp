#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "support/process.hpp"
#include "support/temp.hpp"
#include "support/tls.hpp"

namespace ociferry::testing {

/// nginx with TLS and HTTP/2 in front of a plain server, which it tells by headers how it was asked itself. It refuses
/// requests of more than 1 MiB, as nginx does unless it is told otherwise. Needs nginx.
class Nginx {
 public:
  static constexpr const char* kProtocol = "X-Protocol";      ///< "HTTP/1.1" or "HTTP/2.0"
  static constexpr const char* kConnection = "X-Connection";  ///< a number
  static constexpr const char* kResumed = "X-Resumed";        ///< "r", or "." after a full handshake

  /// `upstream`: the plain server's origin. `versions`: of TLS, as nginx names them.
  Nginx(const TlsIdentity& identity, const std::string& upstream, const std::string& versions = "TLSv1.2 TLSv1.3");

  [[nodiscard]] std::string host() const;

 private:
  [[nodiscard]] std::string configuration(const TlsIdentity& identity, const std::string& upstream,
                                          const std::string& versions) const;

  TempDirectory directory_ = temp_directory();
  std::uint16_t port_ = 0;
  std::optional<Process> process_;
};

}  // namespace ociferry::testing

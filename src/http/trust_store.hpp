#pragma once

#include <filesystem>
#include <memory>
#include <vector>

namespace ociferry {

/// The certificate authorities for all connections: the system's (from SSL_CERT_FILE, libcurl's default, or the usual
/// place of a distribution) and extra ones. The system's are read when the first server presents a certificate, and
/// only those that it may need are parsed. Thread-safe.
class TrustStore {
 public:
  /// `built_in` may be null. Throws Error{Usage} for a file in `extra` that cannot be read or holds no certificate.
  TrustStore(const std::vector<std::filesystem::path>& extra, const char* built_in);
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore();

  /// Makes `tls_context`, an SSL_CTX of OpenSSL, use these authorities. This must outlive it. False if out of memory.
  [[nodiscard]] bool attach(void* tls_context) noexcept;
  /// After a certificate was refused: throws the error of reading the system's authorities, such as Error{Io}, if any.
  void rethrow();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry

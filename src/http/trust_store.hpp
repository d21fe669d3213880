#pragma once

#include <filesystem>
#include <memory>
#include <vector>

namespace ociferry {

/// The certificate authorities that servers are checked against: the system's (the file that SSL_CERT_FILE names, the
/// one built into libcurl, or a distribution's usual place) and extra ones. All connections share them. The system's
/// are read when the first server shows a certificate, and of them only those are parsed that it may need. Thread-safe.
class TrustStore {
 public:
  /// `built_in` may be null. Throws Error{Usage} for a file in `extra` that cannot be read or holds no certificate.
  TrustStore(const std::vector<std::filesystem::path>& extra, const char* built_in);
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore();

  /// Makes `tls_context`, an SSL_CTX of OpenSSL, use these authorities. This must outlive it. Returns false if OpenSSL
  /// has no memory.
  [[nodiscard]] bool attach(void* tls_context) noexcept;
  /// To be asked when a certificate was refused: throws what kept the system's authorities from being read, if that is
  /// why, such as Error{Io}.
  void rethrow();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry

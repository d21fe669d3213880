#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ociferry {

/// The certificate authorities for all connections: the system's (see `authority_places`) and extra ones. The system's
/// are read when the first server presents a certificate, and only those that it may need are parsed. Thread-safe.
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
  /// Where the system's authorities were looked for, in one line; empty before a server presented a certificate.
  [[nodiscard]] std::string where_looked() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry

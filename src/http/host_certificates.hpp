#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "http/trust_store.hpp"
#include "http/url.hpp"

namespace ociferry {

/// The certificates for connections to one server.
struct HostCertificates {
  /// Empty: those for all servers.
  std::vector<std::filesystem::path> authorities = {};
  /// The client certificate and its key; both PEM, or both empty.
  std::filesystem::path client_certificate = {};
  std::filesystem::path client_key = {};
};

/// Reads certificates for single registries in the layout of Docker and podman: in the first existing directory of
/// DIRECTORIES/HOST[:PORT], *.crt are authorities, NAME.cert and NAME.key a client certificate. A directory without
/// read permission is skipped. Throws Error{Usage} for a certificate without its key, or the reverse.
[[nodiscard]] HostCertificates find_host_certificates(const std::vector<std::filesystem::path>& directories,
                                                      const Origin& host);

/// The certificates for all servers; each is looked up at the first request to it. Thread-safe.
class CertificateStore {
 public:
  struct Options {
    std::vector<std::filesystem::path> authorities = {};  ///< trusted beside the system's
    std::vector<std::filesystem::path> directories = {};  ///< see `find_host_certificates`
    const char* built_in = nullptr;                       ///< the file that libcurl would read; may be null
  };
  /// Throws as TrustStore does.
  explicit CertificateStore(Options options);

  struct Entry {
    TrustStore* trusted = nullptr;  ///< owned by the store
    HostCertificates certificates = {};
  };
  /// Valid as long as the store. Throws as `find_host_certificates` and TrustStore do.
  [[nodiscard]] const Entry& at(const Origin& host);

 private:
  Options options_;
  TrustStore shared_;
  std::mutex mutex_;
  std::map<Origin, Entry> entries_;
  std::vector<std::unique_ptr<TrustStore>> own_;
};

}  // namespace ociferry

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "http/trust_store.hpp"
#include "http/url.hpp"

namespace ociferry {

/// What a connection to one server uses beside TLS's own rules.
struct HostCertificates {
  /// Empty: those that all servers share.
  std::vector<std::filesystem::path> authorities = {};
  /// The certificate that we show, and its key; both PEM, or both empty.
  std::filesystem::path client_certificate = {};
  std::filesystem::path client_key = {};
};

/// Reads what Docker's and podman's users keep for single registries: in the first of DIRECTORIES/HOST[:PORT] that
/// exists,
/// *.crt are authorities, and NAME.cert with NAME.key what the server wants to see of us. A directory that may not be
/// read is passed over. Throws Error{Usage} for a certificate without its key, or the reverse.
[[nodiscard]] HostCertificates find_host_certificates(const std::vector<std::filesystem::path>& directories,
                                                      const Origin& host);

/// The certificates of all servers; each is looked up when it is first talked to. Thread-safe.
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

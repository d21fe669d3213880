#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace ociferry {

/// How registries are talked to: the `--registry-*` options. Empty credentials mean "look in the environment
/// (IMGPKG_*) and in Docker's and containers' configuration files".
struct RegistryOptions {
  std::string username = {};
  std::string password = {};
  std::string token = {};                                 ///< sent as it is, as a Bearer token
  bool anonymous = false;                                 ///< use no credentials, even if some are configured
  std::vector<std::filesystem::path> ca_cert_paths = {};  ///< PEM files, trusted beside the system's authorities
  bool verify_certs = true;
  bool insecure = false;  ///< also talk plain http, and send credentials over it, where https is not spoken
  std::chrono::seconds response_header_timeout{30};
  std::chrono::seconds stall_timeout{60};  ///< a transfer without a byte for so long is given up and tried again
  int retry_count = 5;                     ///< repetitions of a request after its first failure
  /// Fetch layers that may not be redistributed also from the URLs that their descriptors name.
  bool foreign_layers = false;
};

}  // namespace ociferry

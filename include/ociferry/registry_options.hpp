#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ociferry/credential.hpp"
#include "ociferry/http_version.hpp"

namespace ociferry {

/// The `--registry-*` options. Without credentials here, they are looked up in the environment (OCIFERRY_*, IMGPKG_*)
/// and in Docker's and containers' configuration files.
struct RegistryOptions {
  CredentialFinder find_credential = {};  ///< asked before all others, if set
  std::string username = {};
  std::string password = {};
  std::string token = {};                                 ///< sent as a Bearer token
  bool anonymous = false;                                 ///< use no credentials, even if some are configured
  std::vector<std::filesystem::path> ca_cert_paths = {};  ///< PEM files, trusted in addition to the system's
  bool verify_certs = true;
  /// Read only IMGPKG_* variables, not OCIFERRY_*, and do not warn about those without effect.
  bool as_imgpkg = false;
  HttpVersion http_version = HttpVersion::Auto;
  bool insecure = false;  ///< fall back to plain http, and send credentials over it
  std::chrono::milliseconds response_header_timeout{30'000};
  bool retry_timeouts = true;                       ///< retry a request after a connect or response header time-out
  std::chrono::milliseconds stall_timeout{60'000};  ///< a transfer without progress for so long is retried
  int retry_count = 5;                              ///< retries of a request after its first failure
  /// The largest upload of one request, in bytes; larger blobs are uploaded in chunks. 0: in one request, unless the
  /// registry or a proxy does not accept that.
  std::uint64_t upload_chunk_size = 0;
  /// Fetch layers that may not be redistributed also from the URLs that their descriptors name.
  bool foreign_layers = false;
  /// Before the first retry; doubled for each further one up to 30 seconds, with jitter.
  std::chrono::milliseconds retry_delay{500};
  /// How long one request waits in total for a registry that limits the rate (429, or 503 with Retry-After). After
  /// that, such a response is a failure.
  std::chrono::milliseconds rate_limit_wait{900'000};
};

}  // namespace ociferry

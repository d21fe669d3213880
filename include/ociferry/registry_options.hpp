#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ociferry/http_version.hpp"

namespace ociferry {

/// How registries are talked to: the `--registry-*` options. Empty credentials mean "look in the environment
/// (OCIFERRY_*, IMGPKG_*) and in Docker's and containers' configuration files".
struct RegistryOptions {
  std::string username = {};
  std::string password = {};
  std::string token = {};                                 ///< sent as it is, as a Bearer token
  bool anonymous = false;                                 ///< use no credentials, even if some are configured
  std::vector<std::filesystem::path> ca_cert_paths = {};  ///< PEM files, trusted beside the system's authorities
  bool verify_certs = true;
  /// Only IMGPKG_* variables count, not OCIFERRY_*, and those without an effect are not told.
  bool as_imgpkg = false;
  HttpVersion http_version = HttpVersion::Auto;
  bool insecure = false;  ///< also talk plain http, and send credentials over it, where https is not spoken
  std::chrono::milliseconds response_header_timeout{30'000};
  bool retry_timeouts = true;  ///< repeat a request if the connection, or the answer, did not begin in time
  std::chrono::milliseconds stall_timeout{
      60'000};          ///< a transfer without a byte for so long is given up and tried again
  int retry_count = 5;  ///< repetitions of a request after its first failure
  /// The most bytes of a blob that one request uploads; larger ones go in chunks. 0: in one request, unless the
  /// registry or a proxy does not take that.
  std::uint64_t upload_chunk_size = 0;
  /// Fetch layers that may not be redistributed also from the URLs that their descriptors name.
  bool foreign_layers = false;
  /// Before the first repetition; doubled with each further one up to half a minute, and shortened at random.
  std::chrono::milliseconds retry_delay{500};
  /// How long one request waits, altogether, for a registry that tells it to come back later (429, or 503 with
  /// Retry-After); only from then on such answers are failures.
  std::chrono::milliseconds rate_limit_wait{900'000};
};

}  // namespace ociferry

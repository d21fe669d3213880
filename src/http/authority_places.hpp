#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/sizes.hpp"

namespace ociferry {

/// The most bytes of one file of certificates.
inline constexpr std::uint64_t kMaxCertificateFile = 16 * kMiB;

/// Where the system keeps the certificates of the authorities it trusts.
struct AuthorityPlaces {
  /// Of these, the first that is a file is read.
  std::vector<std::filesystem::path> files = {};
  /// Files in them are read beside that file; they are those of SSL_CERT_DIR.
  std::vector<std::filesystem::path> directories = {};
  /// Only if there is no such file, and nothing in `directories`: the first of these with files is read.
  std::vector<std::filesystem::path> fallback_directories = {};
};

/// What was found at the places.
struct Authorities {
  std::string pem;  ///< of all files, one after the other
  /// The files and directories that were read; empty if there was none.
  std::vector<std::filesystem::path> read = {};
};

/// The usual places of Linux distributions: SSL_CERT_FILE and SSL_CERT_DIR (with colons between directories), which
/// may be null; `built_in`, the file that the TLS library of this build would read, may be null; then those of Debian,
/// Red Hat, SUSE and Alpine.
[[nodiscard]] AuthorityPlaces authority_places(const char* certificate_file, const char* certificate_directories,
                                               const char* built_in);

/// Reads them. What does not exist is passed over. Throws Error{Io} for a file that cannot be read, Error{Hostile} for
/// one beyond 16 MiB.
[[nodiscard]] Authorities read_authorities(const AuthorityPlaces& places);

/// The places in one line, for an error: those that were read, or else all that were looked at.
[[nodiscard]] std::string where_looked(const AuthorityPlaces& places, const Authorities& found);

}  // namespace ociferry

#include "http/certificates.hpp"

#include <cstdlib>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kMaxBundleBytes = 16 * limits::kMiB;

std::string system_bundle(const char* built_in) {
  const char* const from_environment = std::getenv("SSL_CERT_FILE");
  for (const char* path : {from_environment, built_in, "/etc/ssl/certs/ca-certificates.crt",
                           "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    std::error_code ignored;
    if (path == nullptr || !std::filesystem::is_regular_file(path, ignored)) continue;
    return read_file(path, kMaxBundleBytes);
  }
  return {};  // no authorities at all: then only the extra ones are trusted
}

std::string read_certificates(const std::filesystem::path& path) {
  const auto unusable = [&](std::string_view why) {
    return Error(ErrorCode::Usage, text::cat("the certificate file '", path.string(), "' ", why))
        .hint("--registry-ca-cert-path takes a file with certificates in PEM format");
  };
  try {
    std::string content = read_file(path, kMaxBundleBytes);
    if (content.find("-----BEGIN CERTIFICATE-----") == std::string::npos) throw unusable("holds no certificate");
    return content;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Usage) throw;
    throw unusable(text::cat("cannot be read: ", error.message()));
  }
}

}  // namespace

std::string certificate_bundle(const std::vector<std::filesystem::path>& extra, const char* built_in) {
  if (extra.empty()) return {};
  std::string bundle = system_bundle(built_in);
  for (const auto& path : extra) bundle += "\n" + read_certificates(path) + "\n";
  return bundle;
}

}  // namespace ociferry

#pragma once

#include <filesystem>
#include <string>

namespace ociferry::testing {

/// Files for a TLS server, made by the openssl program.
struct TlsIdentity {
  std::filesystem::path authority;    ///< the certificate that clients trust
  std::filesystem::path certificate;  ///< the server's, signed by `authority`
  std::filesystem::path key;          ///< the server's private key
};

/// What is wrong with an identity, if anything.
enum class TlsFlaw { None, Expired, OtherName };

/// Makes a certificate authority and a server certificate for localhost, 127.0.0.1 and registry.test in `directory`.
/// Throws Error if openssl fails.
[[nodiscard]] TlsIdentity make_tls_identity(const std::filesystem::path& directory, TlsFlaw flaw = TlsFlaw::None);

/// Files for a client that shows who it is.
struct ClientIdentity {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Makes a client certificate, signed by the authority of `server`, beside the server's. Throws Error if openssl fails.
[[nodiscard]] ClientIdentity make_client_identity(const TlsIdentity& server);

/// A key and its self-signed certificate, for signing tokens.
struct SigningKey {
  std::filesystem::path certificate;
  std::filesystem::path key;  ///< RSA, 2048 bits
};

/// Makes a signing key in `directory`. Throws Error if openssl fails.
[[nodiscard]] SigningKey make_signing_key(const std::filesystem::path& directory);

/// The RS256 signature of `text` (RFC 7518, section 3.3), raw bytes. Throws Error if openssl fails.
[[nodiscard]] std::string sign_rs256(const SigningKey& key, const std::string& text);

}  // namespace ociferry::testing

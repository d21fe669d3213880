#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// How a TLS handshake failed, other than for a certificate.
enum class TlsEnd {
  NotTls,            ///< the peer does not speak TLS
  Closed,            ///< reset or closed without a reason
  NoCommonProtocol,  ///< the alert no_application_protocol (RFC 7301, section 3.2): the peer supports none that were
                     ///< offered
  Other,             ///< another alert, or an unexpected message: the peer speaks TLS
};

/// Classifies libcurl's message by the code in it, as in "error:0A00010B:SSL routines::wrong version number"; the text
/// differs between versions. Without a code, the connection was lost.
[[nodiscard]] TlsEnd end_of_handshake(std::string_view why);

/// True if OpenSSL's reason `verify_result` (X509_V_ERR_...) is that no trusted authority signed the certificate.
[[nodiscard]] bool is_unknown_authority(long verify_result);

/// The next step after a certificate was refused: by OpenSSL for the reason `verify_result` (X509_V_ERR_...), or, if
/// that names none (0 or 1), by libcurl, for the name in it. Empty if nothing helps but another certificate.
[[nodiscard]] std::string certificate_hint(long verify_result);

}  // namespace ociferry

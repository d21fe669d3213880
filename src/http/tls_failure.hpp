#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// How a TLS handshake that proved nothing about certificates ended.
enum class TlsEnd {
  NotTls,            ///< what the peer said is no TLS
  Closed,            ///< reset or closed; nobody knows why
  NoCommonProtocol,  ///< the alert no_application_protocol (RFC 7301, section 3.2): none of the offered ones is spoken
  Other,             ///< an alert, or a message that is not what it should be: the peer speaks TLS
};

/// How it ended, by what libcurl says about it: the code in "error:0A00010B:SSL routines::wrong version number" counts,
/// not the words, which differ from version to version. Without a code the connection was lost.
[[nodiscard]] TlsEnd end_of_handshake(std::string_view why);

/// The next step after a certificate was refused: by OpenSSL for the reason `verify_result` (X509_V_ERR_...), or, if
/// that names none (0 or 1), by libcurl, for the name in it. Empty if nothing helps but another certificate.
[[nodiscard]] std::string certificate_hint(long verify_result);

}  // namespace ociferry

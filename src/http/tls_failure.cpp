#include "http/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <charconv>

namespace ociferry {

namespace {

/// The number after "error:", as OpenSSL writes it; 0 if there is none.
unsigned long openssl_code(std::string_view why) {
  constexpr std::string_view kMark = "error:";
  const auto mark = why.rfind(kMark);
  if (mark == std::string_view::npos) return 0;
  const std::string_view digits = why.substr(mark + kMark.size());
  unsigned long code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  return code;
}

}  // namespace

TlsEnd end_of_handshake(std::string_view why) {
  const unsigned long code = openssl_code(why);
  if (code == 0 || ERR_SYSTEM_ERROR(code)) return TlsEnd::Closed;
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return TlsEnd::Other;
  switch (ERR_GET_REASON(code)) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return TlsEnd::Closed;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return TlsEnd::NotTls;
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: return TlsEnd::NoCommonProtocol;
    default: return TlsEnd::Other;
  }
}

bool is_unknown_authority(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return true;
    default: return false;
  }
}

std::string certificate_hint(long verify_result) {
  if (is_unknown_authority(verify_result)) {
    return "if an own authority signed the registry's certificate, name it with --registry-ca-cert-path";
  }
  switch (verify_result) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "check this machine's clock; if it is right, the server's certificate has to be renewed";
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is for another name: use a name that is in it, or have one issued for this name";
    default: return {};
  }
}

}  // namespace ociferry

#include "http/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

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
    default: return TlsEnd::Other;
  }
}

}  // namespace ociferry

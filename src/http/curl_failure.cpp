#include "http/curl_failure.hpp"

#include <curl/curl.h>

#include "base/text.hpp"
#include "http/tls_failure.hpp"

namespace ociferry {

namespace {

using Kind = TransportError::Kind;

Kind kind_by_handshake(std::string_view why) {
  switch (end_of_handshake(why)) {
    case TlsEnd::NotTls: return Kind::NotTls;
    case TlsEnd::Closed: return Kind::Handshake;
    case TlsEnd::Other: break;
  }
  return Kind::Broken;
}

Kind kind_of(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS: return Kind::Certificate;
    case CURLE_SSL_CONNECT_ERROR: return kind_by_handshake(failure.why);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST: return Kind::Connect;
    // The only time-out of libcurl that is set; once the connection stands, the exchange has its own.
    case CURLE_OPERATION_TIMEDOUT: return Kind::Silent;
    default: return Kind::Broken;
  }
}

std::string hint_for(Kind kind) {
  if (kind == Kind::Certificate) {
    return "if an own authority signed the registry's certificate, name it with --registry-ca-cert-path";
  }
  return {};
}

}  // namespace

TransportError transport_error(const std::string& what, const CurlFailure& failure) {
  const Kind kind = kind_of(failure);
  TransportError error(kind, text::cat(what, failure.why));
  if (std::string hint = hint_for(kind); !hint.empty()) error.hint(std::move(hint));
  return error;
}

}  // namespace ociferry

#include "http/curl_failure.hpp"

#include <curl/curl.h>

#include <new>

#include "base/text.hpp"
#include "http/redact.hpp"
#include "http/retry.hpp"
#include "http/tls_failure.hpp"

namespace ociferry {

namespace {

using Kind = TransportError::Kind;

constexpr int kProxyAuthenticationRequired = 407;

/// True for "Unsupported proxy syntax in 'http://me:secret@host:99999'" and "Unsupported proxy scheme for '...'".
bool is_unusable_proxy(std::string_view why) { return why.starts_with("Unsupported proxy"); }

/// libcurl's message, but not for an unusable proxy: a malformed URL may contain a password anywhere.
std::string shown(std::string_view why) {
  if (is_unusable_proxy(why)) return "the proxy in the environment is not a usable URL";
  return without_secrets(text::trim(why));
}

Kind kind_by_tunnel(int status) {
  if (is_transient_status(status)) return status >= 500 ? Kind::Connect : Kind::Broken;
  return Kind::Proxy;
}

Kind kind_by_handshake(std::string_view why) {
  switch (end_of_handshake(why)) {
    case TlsEnd::NotTls: return Kind::NotTls;
    case TlsEnd::Closed: return Kind::Handshake;
    case TlsEnd::NoCommonProtocol:
    case TlsEnd::Other: break;
  }
  return Kind::Broken;
}

Kind kind_of(const CurlFailure& failure) {
  if (failure.connect_status >= 300) return kind_by_tunnel(failure.connect_status);
  if (is_unusable_proxy(failure.why)) return Kind::Proxy;
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
    // The only time-out of libcurl that is set; after the connection is established, the exchange has its own.
    case CURLE_OPERATION_TIMEDOUT: return Kind::Silent;
    default: return Kind::Broken;
  }
}

std::string hint_for(Kind kind, const CurlFailure& failure, const std::string& authorities) {
  if (failure.code == CURLE_COULDNT_RESOLVE_PROXY || is_unusable_proxy(failure.why)) {
    return "check the proxy's URL in HTTPS_PROXY or HTTP_PROXY; NO_PROXY names hosts that need none";
  }
  if (failure.passes_over_proxy && (kind == Kind::Connect || kind == Kind::Silent)) {
    return "ALL_PROXY is set, but ignored; if a proxy leads there, name it in HTTPS_PROXY (or HTTP_PROXY "
           "for "
           "http)";
  }
  if (failure.code == CURLE_COULDNT_RESOLVE_HOST) {
    return "neither this machine's name servers nor /etc/hosts know that host: check its spelling, or have it added";
  }
  if (kind == Kind::Proxy) {
    return "have the proxy (HTTPS_PROXY) let this host through, or name the host in NO_PROXY if it needs no proxy";
  }
  if (failure.code != CURLE_PEER_FAILED_VERIFICATION) return {};
  const std::string hint = certificate_hint(failure.verify_result);
  if (is_unknown_authority(failure.verify_result) && !authorities.empty()) return text::cat(hint, "; ", authorities);
  return hint;
}

}  // namespace

TransportError transport_error(const std::string& what, const CurlFailure& failure, const std::string& authorities) {
  if (failure.code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();  // not the network's fault
  if (failure.connect_status == kProxyAuthenticationRequired) return proxy_wants_credentials(what);
  const Kind kind = kind_of(failure);
  TransportError error(kind, text::cat(what, shown(failure.why)));
  if (std::string hint = hint_for(kind, failure, authorities); !hint.empty()) error.hint(std::move(hint));
  return error;
}

bool suggests_other_version(const CurlFailure& failure, HttpVersion preferred) {
  switch (preferred) {
    case HttpVersion::Auto:
      if (failure.code == CURLE_SSL_CONNECT_ERROR) return end_of_handshake(failure.why) == TlsEnd::NoCommonProtocol;
      // A server that sends HTTP/2 frames without negotiation has no status line of HTTP/1.
      return failure.code == CURLE_UNSUPPORTED_PROTOCOL || failure.code == CURLE_WEIRD_SERVER_REPLY;
    case HttpVersion::Http2: return failure.code == CURLE_HTTP2 || failure.code == CURLE_HTTP2_STREAM;
    case HttpVersion::Http1: break;
  }
  return false;
}

TransportError proxy_wants_credentials(const std::string& what) {
  TransportError error(Kind::Proxy, text::cat(what, "the proxy answered 407: it requires (other) credentials"));
  error.hint("give them in HTTPS_PROXY or HTTP_PROXY: http://USER:PASSWORD@HOST:PORT");
  return error;
}

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>

#include "http/transport.hpp"
#include "ociferry/http_version.hpp"

namespace ociferry {

/// What libcurl knows about a request that came to nothing.
struct CurlFailure {
  int code = 0;                    ///< a CURLcode
  std::string_view why = {};       ///< its own words; may hold what the environment says, secrets included
  int connect_status = 0;          ///< what a proxy answered to CONNECT; 0: nothing, or there is no proxy
  long verify_result = 0;          ///< what OpenSSL says about the certificate (X509_V_...)
  bool passes_over_proxy = false;  ///< ALL_PROXY is set, which does not count
};

/// The error for it, with a hint where there is a next step; `what` names the request. Holds no secrets.
[[nodiscard]] TransportError transport_error(const std::string& what, const CurlFailure& failure);

/// True if the server may speak the version of HTTP that was not offered: HTTP/2 where HTTP/1.1 is `preferred` (Auto),
/// HTTP/1.1 where HTTP/2 is.
[[nodiscard]] bool suggests_other_version(const CurlFailure& failure, HttpVersion preferred);

/// The error for a proxy that answers 407, to CONNECT or in the place of a server that is asked by plain http.
[[nodiscard]] TransportError proxy_wants_credentials(const std::string& what);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>

#include "http/transport.hpp"
#include "ociferry/http_version.hpp"

namespace ociferry {

/// What libcurl reports about a failed request.
struct CurlFailure {
  int code = 0;                    ///< a CURLcode
  std::string_view why = {};       ///< its message; may contain values from the environment, secrets included
  int connect_status = 0;          ///< the proxy's status for CONNECT; 0: none
  long verify_result = 0;          ///< of the certificate, from OpenSSL (X509_V_...)
  bool passes_over_proxy = false;  ///< ALL_PROXY is set, which is not supported
};

/// The error for it, with a hint if there is a next step; `what` names the request. Contains no secrets. `authorities`
/// says where certificate authorities were looked for, if they were.
[[nodiscard]] TransportError transport_error(const std::string& what, const CurlFailure& failure,
                                             const std::string& authorities = {});

/// True if the server may support the version of HTTP that was not offered: HTTP/2 if HTTP/1.1 is `preferred` (Auto),
/// HTTP/1.1 if HTTP/2 is.
[[nodiscard]] bool suggests_other_version(const CurlFailure& failure, HttpVersion preferred);

/// The error for status 407 from a proxy, for CONNECT or a plain http request.
[[nodiscard]] TransportError proxy_wants_credentials(const std::string& what);

}  // namespace ociferry

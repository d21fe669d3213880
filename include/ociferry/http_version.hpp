#pragma once

namespace ociferry {

/// Which version of HTTP is spoken over TLS.
enum class HttpVersion {
  /// HTTP/1.1, and HTTP/2 with servers that speak nothing else.
  Auto,
  Http1,  ///< HTTP/1.1 only
  Http2,  ///< HTTP/2 where a server offers it
};

}  // namespace ociferry

#pragma once

namespace ociferry {

/// The version of HTTP over TLS.
enum class HttpVersion {
  /// HTTP/1.1, and HTTP/2 with servers that support nothing else.
  Auto,
  Http1,  ///< HTTP/1.1 only
  Http2,  ///< HTTP/2 where a server offers it
};

}  // namespace ociferry

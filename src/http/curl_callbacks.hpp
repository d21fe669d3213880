#pragma once

#include "http/curl_exchange.hpp"

namespace ociferry {

/// Has libcurl tell `exchange`, which must live until then, what happens while it performs `handle`, a CURL. False if
/// it does not take that.
[[nodiscard]] bool set_callbacks(void* handle, CurlExchange& exchange);

}  // namespace ociferry

#pragma once

#include "http/curl_exchange.hpp"

namespace ociferry {

/// Sets the callbacks of `handle`, a CURL, to those of `exchange`, which must outlive the transfer. False on failure.
[[nodiscard]] bool set_callbacks(void* handle, CurlExchange& exchange);

}  // namespace ociferry

#pragma once

#include <chrono>
#include <cstddef>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// The part of an error response's body that is kept.
inline constexpr std::size_t kErrorBodyBytes = 64 * kKiB;
/// Redirects followed for one request.
inline constexpr int kRedirects = 10;
/// The longest pause that a server may request with Retry-After.
inline constexpr std::chrono::seconds kRetryAfter{300};

}  // namespace ociferry::limits

#pragma once

#include <functional>
#include <stop_token>

#include "http/redirect.hpp"
#include "http/retry.hpp"

namespace ociferry {

/// Runs `once` until it gives an answer that repeating will not change, or the retry budget is spent; then the last
/// answer is returned whatever its status, and a TransportError becomes a plain Error that says how often it was tried.
[[nodiscard]] Answer repeat(Retrier::Attempts attempts, const std::function<Answer()>& once, std::stop_token stop);

/// What to throw when a transport kept failing for `attempts` attempts: plain, and not transient any more.
[[nodiscard]] Error gave_up(const TransportError& last, int attempts);

}  // namespace ociferry

#pragma once

#include <functional>
#include <stop_token>

#include "http/redirect.hpp"
#include "http/retry.hpp"

namespace ociferry {

/// Runs `once` until the answer is final or no retries are left; then returns the last answer, whatever its status. The
/// last TransportError becomes an Error with the number of attempts.
[[nodiscard]] Answer repeat(Retrier::Attempts attempts, const std::function<Answer()>& once, std::stop_token stop);

/// The error after `attempts` failed attempts; not transient.
[[nodiscard]] Error gave_up(const TransportError& last, int attempts);

}  // namespace ociferry

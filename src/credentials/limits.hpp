#pragma once

#include <chrono>
#include <cstddef>

#include "base/sizes.hpp"

/// Limits on untrusted input. Sizes are in bytes.
namespace ociferry::limits {

/// A credential helper's output, a password that is read from input, and a token server's response.
inline constexpr std::size_t kTokenBytes = 64 * kKiB;
/// A credential helper that has not answered by then is killed.
inline constexpr std::chrono::seconds kCredentialHelper{30};
/// How long the answer of a helper or file is cached. Clouds issue passwords that are valid for an hour or so.
inline constexpr std::chrono::minutes kCredentialAge{10};

}  // namespace ociferry::limits

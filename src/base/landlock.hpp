#pragma once

#include "base/sandbox.hpp"

namespace ociferry {

/// The version of the kernel's Landlock interface; 0 if it has none, or the first, which forbids links and renames
/// between directories altogether.
[[nodiscard]] int landlock_version() noexcept;

/// Restricts this thread to writing within `rights`, to TCP only with a network, and to starting no programs. False,
/// with nothing changed, if the kernel does not support it.
[[nodiscard]] bool restrict_by_landlock(const Rights& rights);

}  // namespace ociferry

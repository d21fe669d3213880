#pragma once

#include "base/sandbox.hpp"

namespace ociferry {

/// The version of the kernel's Landlock interface; 0 if it has none, or the first, which forbids links and renames
/// between directories altogether.
[[nodiscard]] int landlock_version() noexcept;

/// Lets this thread write only where `rights` says, connect and listen by TCP only if it has a network, and start no
/// programs. False, with nothing changed, if the kernel does not offer it.
[[nodiscard]] bool restrict_by_landlock(const Rights& rights);

}  // namespace ociferry

#pragma once

#include "base/sandbox.hpp"

namespace ociferry {

/// True if the kernel filters system calls, and this is a machine whose calls are known here (x86-64, AArch64).
[[nodiscard]] bool has_seccomp() noexcept;

/// Makes system calls that nothing needs that has `rights` fail: see drop_privileges. False, with nothing changed, if
/// the kernel does not support it.
[[nodiscard]] bool filter_system_calls(const Rights& rights);

}  // namespace ociferry

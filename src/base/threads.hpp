#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "ociferry/error.hpp"

/// Threads where their number is limited (ulimit -u, a container's limit of pids).
namespace ociferry {

/// Starts a thread that does `work`. One that is not joinable, if the system lets us have no more of them: `work` was
/// not begun then, and the caller does it itself or goes without. Thread-safe.
[[nodiscard]] std::jthread start_thread(std::function<void()> work);

/// The same where nothing can go on without another thread: waits up to a second for one of ours, or of other programs,
/// to end. Throws `no_more_threads`.
[[nodiscard]] std::jthread start_needed_thread(const std::function<void()>& work, std::string_view what_for);

/// True once the system has refused us a thread.
[[nodiscard]] bool were_threads_refused() noexcept;

/// The Error{Io} of whatever cannot be started for want of threads or processes; `what` is what was to be done.
[[nodiscard]] Error no_more_threads(std::string_view what);

}  // namespace ociferry

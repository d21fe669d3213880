#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "ociferry/error.hpp"

/// Threads where their number is limited (ulimit -u, a container's limit of pids).
namespace ociferry {

/// Starts a thread for `work`. Not joinable if the system allows no more threads: then `work` was not started, and the
/// caller does it itself, or without it. Thread-safe.
[[nodiscard]] std::jthread start_thread(std::function<void()> work);

/// The same for a thread that is required: waits up to a second for other threads of the system to end. Throws
/// `no_more_threads`.
[[nodiscard]] std::jthread start_needed_thread(const std::function<void()>& work, std::string_view what_for);

/// True once the system has refused a thread.
[[nodiscard]] bool were_threads_refused() noexcept;

/// The Error{Io} for a lack of threads or processes; `what` is what was to be done.
[[nodiscard]] Error no_more_threads(std::string_view what);

}  // namespace ociferry

#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
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

/// The time for which a thread needs a core: it runs, or waits for its turn, rather than for a peer, a disk or another
/// thread.
class CoreTime {
 public:
  /// Of the calling thread. Any thread may read it while that thread exists.
  CoreTime() noexcept;
  /// Since the thread began; nullopt where the kernel does not tell.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> so_far() const;

 private:
  pid_t thread_;
};

/// The Error{Io} for a lack of threads or processes; `what` is what was to be done.
[[nodiscard]] Error no_more_threads(std::string_view what);

}  // namespace ociferry

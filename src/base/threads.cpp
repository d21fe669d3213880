#include "base/threads.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/system_error.hpp"

namespace ociferry {

namespace {

constexpr int kTries = 100;
constexpr std::chrono::milliseconds kBetweenTries{10};

std::atomic<bool> refused{false};

}  // namespace

std::jthread start_thread(std::function<void()> work) {
  try {
    return std::jthread(std::move(work));
  } catch (const std::system_error&) {
    refused = true;
    return {};
  }
}

std::jthread start_needed_thread(const std::function<void()>& work, std::string_view what_for) {
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kBetweenTries);
    if (std::jthread thread = start_thread(work); thread.joinable()) return thread;
  }
  throw no_more_threads(what_for);
}

bool were_threads_refused() noexcept { return refused; }

Error no_more_threads(std::string_view what) {
  return system_error(what, EAGAIN)
      .hint(
          "the number of threads and processes is limited: allow more (ulimit -u, TasksMax of a systemd unit, a "
          "container's --pids-limit)");
}

}  // namespace ociferry

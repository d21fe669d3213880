#include "base/threads.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"

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

CoreTime::CoreTime() noexcept : thread_(::gettid()) {}

std::optional<std::chrono::nanoseconds> CoreTime::so_far() const {
  constexpr std::size_t kLongest = 100;
  try {
    std::istringstream numbers(read_file(text::cat("/proc/self/task/", thread_, "/schedstat"), kLongest));
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    if (!(numbers >> ran >> waited)) return std::nullopt;
    return std::chrono::nanoseconds{ran + waited};
  } catch (const Error&) {
    return std::nullopt;
  }
}

Error no_more_threads(std::string_view what) {
  return system_error(what, EAGAIN)
      .hint(
          "the number of threads and processes is limited: allow more (ulimit -u, TasksMax of a systemd unit, a "
          "container's --pids-limit)");
}

}  // namespace ociferry

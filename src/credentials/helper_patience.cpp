#include "credentials/helper_patience.hpp"

#include <algorithm>
#include <chrono>
#include <random>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::chrono::seconds kPatience{8};

/// Growing delays with jitter, so that concurrent processes do not retry together.
std::chrono::milliseconds pause_before(int repetition) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int longest = std::min(2000, 200 << std::min(repetition - 1, 10));
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(longest / 2, longest)(random));
}

}  // namespace

void run_with_retries(const std::string& program, const std::function<void()>& work, Clock& clock, Progress& progress,
                      const std::stop_token& stop) {
  const auto end = clock.now() + kPatience;
  for (int runs = 1;; ++runs) {
    const std::chrono::milliseconds pause = pause_before(runs);
    try {
      return work();
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      if (clock.now() + pause > end) {
        throw Error(error.code(), text::cat(error.message(), ", in ", runs, runs == 1 ? " run" : " runs"))
            .hint(error.hint_text());
      }
      progress.wait({.peer = program, .reason = error.message(), .time = pause});
    }
    clock.sleep_until(clock.now() + pause, stop);
  }
}

}  // namespace ociferry

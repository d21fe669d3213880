#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace ociferry {

/// Turns SIGINT, SIGTERM and SIGHUP into a request to stop; a second one ends the process at once, whatever it is
/// doing. Signals that were ignored at the start stay ignored. SIGUSR1 and SIGUSR2, which other programs show progress
/// at, do nothing. SIGPIPE and SIGXFSZ are ignored, so that writing to a closed pipe, or beyond a limit, is an error
/// like any other. If no thread can be started for signals, the first one ends the process. Create it before any other
/// thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  /// The signal that asked to stop; 0 if none did.
  [[nodiscard]] int received() const noexcept { return received_; }

 private:
  void wait();

  std::stop_source stop_;
  std::atomic<int> received_{0};
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

}  // namespace ociferry

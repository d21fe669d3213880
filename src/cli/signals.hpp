#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace ociferry {

/// Turns SIGINT, SIGTERM and SIGHUP into a request to stop; a second one ends the process at once. What was
/// ignored when the program began stays so. SIGPIPE and SIGXFSZ are ignored, so that writing to a closed pipe, or
/// beyond a limit, is an error like any other. Make it before any other thread.
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
  std::thread thread_;
};

}  // namespace ociferry

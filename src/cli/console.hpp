#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// How the console behaves; from the global options and the terminals that are there.
struct ConsoleOptions {
  std::string program = "ociferry";  ///< prefix of errors
  bool show_lines = false;           ///< stdout is a terminal, or --tty: say what is being done
  bool live_progress = false;        ///< stderr is a terminal: one line that is rewritten
  bool debug = false;
};

/// All output of the program. Results go to stdout, everything else to stderr; foreign text is made safe. Thread-safe.
/// Work that takes over a second shows bytes, rate and remaining time.
class Console : public Progress {
 public:
  explicit Console(ConsoleOptions options);
  ~Console() override;
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// A result: always on stdout. Throws Error{Io} if stdout takes no more.
  void result(std::string_view line);
  /// Text that is a result as it stands, such as JSON made by ociferry; written without change.
  void raw_result(std::string_view text);
  /// What a person follows along with: on stdout, only if lines are shown.
  void line(std::string_view line);
  /// An error with its context and hint, on stderr.
  void error(const Error& error);

  void phase(std::string_view name, std::uint64_t total_bytes) override;
  void advance(std::int64_t bytes) override;
  void event(std::string_view line) override { this->line(line); }
  void warn(std::string_view line) override;
  void debug(std::string_view line) override;

  /// Ends the progress line; what follows is the outcome.
  void finish_progress();

 private:
  using Clock = std::chrono::steady_clock;

  void watch();
  void show_progress(Clock::time_point now);
  void clear_live_line();
  void to_stderr(std::string_view text);
  [[nodiscard]] std::string progress_text(Clock::time_point now) const;

  ConsoleOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  bool live_line_shown_ = false;
  std::string phase_;
  std::int64_t total_ = 0;
  std::int64_t moved_ = 0;
  Clock::time_point phase_begin_{};
  Clock::time_point last_shown_{};
  std::thread watcher_;
};

}  // namespace ociferry

#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/json_output.hpp"
#include "cli/progress_output.hpp"
#include "cli/table.hpp"
#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// How errors are laid out.
enum class ErrorForm { Ociferry, Imgpkg };

/// Options of the console; from the global options, the name of the program and the terminals.
struct ConsoleOptions {
  std::string program = "ociferry";  ///< prefix of errors
  std::string_view build = {};       ///< what `version` shows
  std::string command = {};          ///< "tag list"; empty while it is not known
  ErrorForm error_form = ErrorForm::Ociferry;
  bool show_lines = false;  ///< stdout is a terminal, or --tty: print steps
  ProgressForm progress = ProgressForm::Lines;
  bool debug = false;
  bool json = false;                      ///< collect all output for one JSON object at the end (JsonOutput)
  std::vector<std::string> columns = {};  ///< of tables; empty: all
  Emphasis emphasis = Emphasis::None;     ///< of titles and headers on stdout
  int out = 1;                            ///< file descriptors, not owned
  int err = 2;
};

/// All output of the program. Results go to stdout, everything else to stderr; text from outside is made safe.
/// Thread-safe. Shows progress, rate, remaining time and pauses of work that takes over a second. With --json, collects
/// the output for stdout, and `end` prints it as one object.
///
/// Functions that write to stdout throw Error{Io} on failure.
class Console : public Progress {
 public:
  explicit Console(ConsoleOptions options);
  ~Console() override;
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// A result of one line: always shown.
  void result(std::string_view line);
  /// A formatted result: always shown, exactly as it is.
  void block(std::string_view text);
  /// Requested data, byte for byte. Not with --json.
  void raw(std::string_view bytes);
  /// A result with rows: always shown; restricted by --column. Throws Error{Usage} if that names no column of it.
  void table(const Table& table);
  /// A command's own members of the object that --json prints (results.hpp). Not when called as imgpkg, whose object
  /// contains the other output: so a command prints both.
  void document(Json::Object members);
  /// A step: on stdout, only if lines are shown.
  void line(std::string_view line);
  /// The same, for a line directly before "Succeeded".
  void closing_line(std::string_view line);
  /// The last line of a successful command.
  void succeeded();
  /// An error with its context and hint, on stderr, and in the JSON object.
  void error(const Error& error, int exit_code);
  /// Ends the command: prints what --json has collected. Only the first call has an effect.
  void end();

  [[nodiscard]] const ConsoleOptions& options() const noexcept { return options_; }

  void phase(std::string_view name, std::uint64_t total_bytes) override;
  void advance(std::int64_t bytes) override;
  void skip(std::int64_t bytes) override;
  void wait(const Wait& wait) override;
  void event(std::string_view line) override { this->line(line); }
  void warn(std::string_view line) override;
  /// A warning; nothing when called as imgpkg, which does not report tags.
  void moved(const MovedTag& tag) override;
  /// A line on standard error as it is.
  void remark(std::string_view line);
  void debug(std::string_view line) override;

  /// Ends the progress line; what follows is the outcome.
  void finish_progress();

 private:
  void watch();
  void ensure_watcher();
  void say(std::string_view event, std::string_view prefix, std::string_view line);
  void to_stderr(std::string_view text);
  void to_stdout(std::string_view text);

  ConsoleOptions options_;
  std::mutex mutex_;
  JsonOutput collected_;
  bool printed_ = false;  ///< what was collected
  bool gap_due_ = false;  ///< a newline goes before "Succeeded"
  std::condition_variable wake_;
  bool ended_ = false;
  bool told_of_threads_ = false;
  ProgressOutput progress_;
  std::jthread watcher_;  ///< started by the first phase
};

}  // namespace ociferry

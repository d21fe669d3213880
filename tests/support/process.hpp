#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace ociferry::testing {

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

/// How to run a program.
struct Program {
  Words arguments = {};                       ///< the first is the program, looked up in PATH
  std::optional<Variables> environment = {};  ///< absent: the one of this process
  std::filesystem::path directory = {};       ///< empty: the one of this process
  std::string input = {};                     ///< what the program reads from its standard input
};

/// What came of it.
struct Outcome {
  int exit_code = -1;  ///< -1 if a signal ended the program
  int signal = 0;      ///< 0 if it ended by itself
  std::string out;
  std::string err;
};

/// Waiting longer than this for a program means that it hangs.
inline constexpr std::chrono::seconds kPatience{120};

/// A running program. Its output is kept as it comes; the destructor kills it if it still runs.
class Process {
 public:
  /// Starts it. Throws Error if that fails, for want of the program as well.
  explicit Process(const Program& program);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running();
  void send_signal(int number);

  /// What the program has written so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

  /// Blocks until the program has ended; may be called again then. Throws Error, and kills it, after `patience`.
  Outcome wait(std::chrono::milliseconds patience = kPatience);

 private:
  bool ended_within(std::chrono::milliseconds patience);

  std::string name_;
  UniqueFd out_;
  UniqueFd err_;
  pid_t pid_ = -1;
  UniqueFd pid_fd_;
  std::optional<int> status_;
};

/// Runs a program to its end.
Outcome run(const Program& program);
/// Runs a program that must succeed and returns what it wrote to its standard output. Throws Error if it fails.
std::string run_or_throw(const Program& program);

/// True if PATH has `program`.
[[nodiscard]] bool has_program(const std::string& program);

/// To be asked first in a test that needs programs: if one is missing, the test returns at once and counts as
/// skipped, or fails where all must be there (OCIFERRY_REQUIRE_COMPONENTS=1, as in continuous integration).
[[nodiscard]] bool lacks(const Words& programs);

}  // namespace ociferry::testing

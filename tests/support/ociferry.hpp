#pragma once

#include <string>

#include "support/process.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

/// The built program, as someone would call it who has no configuration at all: HOME, DOCKER_CONFIG and TMPDIR are
/// in a temporary directory, and nothing else of this process's environment shows but PATH and sanitizer options.
class Ociferry {
 public:
  /// `binary` is the path of the program (the macro OCIFERRY_BINARY in tests).
  explicit Ociferry(std::string binary) : binary_(std::move(binary)) {}

  /// Runs a command to its end.
  Outcome run(const Words& arguments, const Variables& more = {}) const;
  /// What `run` runs, to be changed or given to a Process; `more` goes on top of the environment.
  [[nodiscard]] Program program(const Words& arguments, const Variables& more = {}) const;

  /// Also the directory that commands run in.
  [[nodiscard]] const std::filesystem::path& home() const { return home_.path(); }
  /// Makes `content` the docker configuration (config.json) of later commands.
  void set_docker_config(const std::string& content) const;

 private:
  std::string binary_;
  TempDirectory home_ = temp_directory();
};

}  // namespace ociferry::testing

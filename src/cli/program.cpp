#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/signals.hpp"

namespace ociferry {

namespace {

std::string overview() {
  std::string text =
      "ociferry carries bundles, and every image they reference, across an air gap.\n\n"
      "Usage: ociferry COMMAND [options]\n\nCommands:\n";
  for (const Command* command : commands()) text += fmt::format("  {:10}{}\n", command->name, command->summary);
  return text + "\n'ociferry COMMAND --help' shows a command's options; the manual is ociferry(1).\n";
}

void declare_global(Arguments& arguments) {
  arguments.flag("tty", "Show what is done even if the output is no terminal");
  arguments.flag("debug", "Show requests and decisions on standard error");
  arguments.flag("help,h", "Show this help");
}

const Command* find_command(const std::string& name) {
  const auto found = std::ranges::find(commands(), name, &Command::name);
  return found == commands().end() ? nullptr : *found;
}

/// A library's or the system's failure as an Error of ours.
Error as_error(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  if (const auto* failure = dynamic_cast<const std::filesystem::filesystem_error*>(&exception)) {
    return system_error(failure->path1().string(), failure->code().value());
  }
  return Error(ErrorCode::Internal, exception.what()).hint("this is a bug in ociferry: please report it");
}

int fail(Console& console, const std::exception& exception, int signal) {
  const Error error = as_error(exception);
  console.error(error);
  return error.code() == ErrorCode::Interrupted && signal != 0 ? 128 + signal : exit_code(error.code());
}

/// A file opened later must not become the standard output.
void open_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) std::abort();
  }
}

int run_command(const Command& command, const Arguments& arguments, Console& console, const Signals& signals) {
  Context context{.progress = &console, .stop = signals.token()};
  try {
    read_common(arguments, command.common, context);
    command.run(arguments, context, console);
    return 0;
  } catch (const std::exception& exception) {
    return fail(console, exception, signals.received());
  }
}

/// Finds the command, reads its options and runs it.
int dispatch(const std::string& program, const std::vector<std::string>& words, Console& plain,
             const Signals& signals) {
  const std::string name = words.front() == "--version" ? "version" : words.front();
  const Command* command = find_command(name);
  if (command == nullptr) {
    throw Error(ErrorCode::Usage, text::cat("unknown command '", name, "'")).hint("'ociferry --help' lists them");
  }
  Arguments arguments(name, "Usage: " + std::string(command->usage));
  command->declare(arguments);
  declare_common(arguments, command->common);
  declare_global(arguments);
  arguments.parse({words.begin() + 1, words.end()});
  if (arguments.on("help")) {
    plain.raw_result(std::string(command->summary) + "\n\n" + arguments.help());
    return 0;
  }
  Console console({.program = program,
                   .show_lines = arguments.on("tty") || ::isatty(STDOUT_FILENO) == 1,
                   .live_progress = ::isatty(STDERR_FILENO) == 1,
                   .debug = arguments.on("debug")});
  return run_command(*command, arguments, console, signals);
}

}  // namespace

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> kCommands = {&kPushCommand,   &kExportCommand, &kImportCommand,
                                                        &kCopyCommand,   &kPullCommand,   &kInspectCommand,
                                                        &kVerifyCommand, &kVersionCommand};
  return kCommands;
}

int run_program(const std::string& program, const std::vector<std::string>& words) {
  open_standard_descriptors();
  const Signals signals;
  Console plain({.program = program});
  try {
    if (!words.empty() && words.front() != "--help" && words.front() != "-h" && words.front() != "help") {
      return dispatch(program, words, plain, signals);
    }
    plain.raw_result(overview());
    return words.empty() ? exit_code(ErrorCode::Usage) : 0;
  } catch (const std::exception& exception) {
    return fail(plain, exception, 0);
  }
}

}  // namespace ociferry

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

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

bool has_registry_options(const Command& command) {
  return &command != &kInspectCommand && &command != &kVerifyCommand && &command != &kVersionCommand;
}

const Command* find_command(const std::string& name) {
  const auto found = std::ranges::find(commands(), name, &Command::name);
  return found == commands().end() ? nullptr : *found;
}

int run_command(const Command& command, const Arguments& arguments, Console& console, const Signals& signals) {
  Context context{.progress = &console, .stop = signals.token()};
  try {
    if (has_registry_options(command)) read_common(arguments, context);
    if (&command == &kVerifyCommand) context.jobs = static_cast<std::size_t>(arguments.number_of("jobs"));
    command.run(arguments, context, console);
    return 0;
  } catch (const Error& error) {
    console.error(error);
    if (error.code() == ErrorCode::Interrupted && signals.received() != 0) return 128 + signals.received();
    return exit_code(error.code());
  } catch (const std::exception& error) {
    console.error(Error(ErrorCode::Internal, error.what()).hint("this is a bug in ociferry: please report it"));
    return exit_code(ErrorCode::Internal);
  }
}

}  // namespace

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> kCommands = {&kPushCommand,   &kExportCommand, &kImportCommand,
                                                        &kCopyCommand,   &kPullCommand,   &kInspectCommand,
                                                        &kVerifyCommand, &kVersionCommand};
  return kCommands;
}

int run_program(const std::string& program, const std::vector<std::string>& words) {
  const Signals signals;
  Console plain({.program = program});
  if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    plain.raw_result(overview());
    return words.empty() ? exit_code(ErrorCode::Usage) : 0;
  }
  const std::string name = words.front() == "--version" ? "version" : words.front();
  const Command* command = find_command(name);
  if (command == nullptr) {
    plain.error(
        Error(ErrorCode::Usage, text::cat("unknown command '", name, "'")).hint("'ociferry --help' lists them"));
    return exit_code(ErrorCode::Usage);
  }
  Arguments arguments(name, "Usage: " + std::string(command->usage));
  command->declare(arguments);
  declare_global(arguments);
  try {
    arguments.parse({words.begin() + 1, words.end()});
  } catch (const Error& error) {
    plain.error(error);
    return exit_code(error.code());
  }
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

}  // namespace ociferry

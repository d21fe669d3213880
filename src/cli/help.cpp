#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kName = "ociferry";

/// Replaces "ociferry" in `text` by the name that the program was called by.
std::string named(std::string_view text, std::string_view program) { return replaced(text, kName, program); }

bool is_below(const Command& command, std::string_view parent) {
  return command.name.size() > parent.size() && command.name.starts_with(parent) && command.name[parent.size()] == ' ';
}

}  // namespace

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  for (auto at = out.find(from); at != std::string::npos; at = out.find(from, at + to.size())) {
    out.replace(at, from.size(), to);
  }
  return out;
}

bool is_parent(std::string_view name) {
  return !name.empty() && std::ranges::any_of(commands(), [&](const Command* one) { return is_below(*one, name); });
}

std::string overview(std::string_view parent, std::string_view program) {
  std::string text =
      parent.empty() ? "ociferry carries bundles, and every image they reference, across an air gap.\n\n" : "";
  text += fmt::format("Usage: {}{}{} COMMAND [options]\n\nCommands:\n", program, parent.empty() ? "" : " ", parent);
  for (const Command* command : commands_of(program)) {
    if (parent.empty() || is_below(*command, parent))
      text += fmt::format("  {:14}{}\n", command->name, command->summary);
  }
  if (program != kName) {
    return text + fmt::format("\n'{} COMMAND --help' shows a command's options; the manual is ociferry(1).\n", program);
  }
  return text +
         "\n'ociferry COMMAND --help' shows a command's options, 'ociferry help COMMAND' its manual page.\n"
         "The manual begins with ociferry(1).\n";
}

std::string usage_of(const Command& command, std::string_view program) {
  std::string text = fmt::format("Usage: {}\n", named(command.usage, program));
  if (!command.alias.empty()) text += fmt::format("Alias: {} {}\n", program, command.alias);
  if (!command.examples.empty()) text += fmt::format("\nExamples:\n{}", named(command.examples, program));
  return text;
}

std::string manual_page_of(const Command& command) { return text::cat(kName, "-", replaced(command.name, " ", "-")); }

std::string help_of(const Command& command, const Arguments& arguments) {
  return fmt::format("{}\n\n{}", command.summary, arguments.help());
}

}  // namespace ociferry

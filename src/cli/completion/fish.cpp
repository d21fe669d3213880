#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/completion/completion.hpp"

namespace ociferry {

namespace {

/// True where `command` is being typed.
std::string fish_condition(const std::string& command) {
  std::string out = "__fish_seen_subcommand_from " + first_word(command);
  if (const std::string second = second_word(command); !second.empty()) {
    out += "; and __fish_seen_subcommand_from " + second;
  }
  return out;
}

std::string fish_option(const CommandWords& command, const OptionWords& words, std::string_view program) {
  std::string line = fmt::format("complete -c {} -n {} -l {}", program, shell_quoted(fish_condition(command.name)),
                                 words.option.long_name);
  if (words.option.short_name != 0) line += fmt::format(" -s {}", words.option.short_name);
  if (words.offer == Offer::Files) line += " -r -F";
  if (words.offer == Offer::Directories) line += " -x -a '(__fish_complete_directories)'";
  if (words.takes_value() && words.offer == Offer::Nothing) line += " -x";
  return line + fmt::format(" -d {}\n", shell_quoted(words.option.help));
}

}  // namespace

std::string fish_completion(const std::vector<CommandWords>& commands, std::string_view program) {
  std::string out = fmt::format("# fish completion for {0}\ncomplete -c {0} -f\n", program);
  for (const std::string& word : words_below(commands, "")) {
    out += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", program, word,
                       shell_quoted(summary_of(commands, word)));
  }
  for (const std::string& parent : parents(commands)) {
    const std::vector<std::string> below = words_below(commands, parent);
    for (const std::string& word : below) {
      const std::string condition = fmt::format(
          "__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}", parent, text::join(below, " "));
      out += fmt::format("complete -c {} -n {} -a {} -d {}\n", program, shell_quoted(condition), word,
                         shell_quoted(summary_of(commands, parent + " " + word)));
    }
  }
  for (const CommandWords& command : commands) {
    for (const OptionWords& option : command.options) out += fish_option(command, option, program);
    const std::string condition = shell_quoted(fish_condition(command.name));
    if (command.argument == Offer::Files) out += fmt::format("complete -c {} -n {} -F\n", program, condition);
    if (command.argument == Offer::Shells) {
      out += fmt::format("complete -c {} -n {} -a {}\n", program, condition,
                         shell_quoted(text::join(known_shells(), " ")));
    }
  }
  return out;
}

}  // namespace ociferry

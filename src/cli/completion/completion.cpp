#include "cli/completion/completion.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

/// The kind of a value, from its placeholder.
Offer offer_for(std::string_view placeholder) {
  placeholder = placeholder.substr(0, placeholder.find(' '));
  if (placeholder == "FILE" || placeholder == "PATH" || placeholder == "ARCHIVE" || placeholder == "LOGFILE")
    return Offer::Files;
  if (placeholder == "DIRECTORY") return Offer::Directories;
  if (placeholder == "SHELL") return Offer::Shells;
  return Offer::Nothing;
}

CommandWords words_of(const Command& command, std::string_view name) {
  Arguments arguments{"", ""};
  declare_all(command, arguments);
  CommandWords words{.name = std::string(name),
                     .summary = std::string(command.summary),
                     .argument = offer_for(arguments.positional_name())};
  for (const DeclaredOption& option : arguments.declared()) {
    words.options.push_back({.option = option, .offer = offer_for(option.placeholder)});
  }
  return words;
}

}  // namespace

const std::vector<std::string>& known_shells() {
  static const std::vector<std::string> kShells = {"bash", "fish", "powershell", "zsh"};
  return kShells;
}

std::vector<CommandWords> words_of(const std::vector<const Command*>& commands) {
  std::vector<CommandWords> all;
  for (const Command* command : commands) {
    all.push_back(words_of(*command, command->name));
    if (!command->alias.empty()) all.push_back(words_of(*command, command->alias));
  }
  return all;
}

std::string first_word(const std::string& name) { return name.substr(0, name.find(' ')); }
std::string second_word(const std::string& name) {
  const auto space = name.find(' ');
  return space == std::string::npos ? std::string() : name.substr(space + 1);
}

std::vector<std::string> words_below(const std::vector<CommandWords>& commands, const std::string& parent) {
  std::vector<std::string> words;
  for (const CommandWords& command : commands) {
    const std::string word = parent.empty() ? first_word(command.name) : second_word(command.name);
    const bool is_below = parent.empty() || first_word(command.name) == parent;
    if (is_below && !word.empty() && std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  return words;
}

std::vector<std::string> parents(const std::vector<CommandWords>& commands) {
  std::vector<std::string> words = words_below(commands, "");
  std::erase_if(words, [&](const std::string& word) { return words_below(commands, word).empty(); });
  return words;
}

std::string summary_of(const std::vector<CommandWords>& commands, const std::string& name) {
  const auto found = std::ranges::find(commands, name, &CommandWords::name);
  if (found != commands.end()) return found->summary;
  return "Commands: " + text::join(words_below(commands, name), ", ");
}

std::vector<std::string> flags_of(const DeclaredOption& option) {
  std::vector<std::string> flags = {"--" + option.long_name};
  if (option.short_name != 0) flags.push_back(std::string("-") + option.short_name);
  return flags;
}

std::string shell_quoted(std::string_view text) { return text::cat("'", replaced(text, "'", "'\\''"), "'"); }

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

/// Completion scripts for shells, generated from the declared options of the commands.
namespace ociferry {

/// The completion of a value or argument.
enum class Offer { Nothing, Files, Directories, Shells };

struct OptionWords {
  DeclaredOption option;
  Offer offer = Offer::Nothing;  ///< for its value
  [[nodiscard]] bool takes_value() const { return !option.placeholder.empty(); }
};

struct CommandWords {
  std::string name;  ///< "push", "tag list"
  std::string summary;
  std::vector<OptionWords> options = {};
  Offer argument = Offer::Nothing;  ///< what stands behind the options
};

/// The shells that there are scripts for.
[[nodiscard]] const std::vector<std::string>& known_shells();

/// All commands, once for each of their names, with all that they declare.
[[nodiscard]] std::vector<CommandWords> words_of(const std::vector<const Command*>& commands);

/// The first and the second word of a command's name; the second may be empty.
[[nodiscard]] std::string first_word(const std::string& name);
[[nodiscard]] std::string second_word(const std::string& name);
/// What can follow the name of a parent, or the program's if that is empty; in the order of the commands, each once.
[[nodiscard]] std::vector<std::string> words_below(const std::vector<CommandWords>& commands,
                                                   const std::string& parent);
/// The first words that have others below them: "tag".
[[nodiscard]] std::vector<std::string> parents(const std::vector<CommandWords>& commands);
/// What is said of a command, or of a parent.
[[nodiscard]] std::string summary_of(const std::vector<CommandWords>& commands, const std::string& name);
/// "--bundle" and "-b"
[[nodiscard]] std::vector<std::string> flags_of(const DeclaredOption& option);
/// In single quotes, as bash, zsh and fish read them.
[[nodiscard]] std::string shell_quoted(std::string_view text);

/// `program` is the name that is completed. The scripts need nothing but the shell itself.
[[nodiscard]] std::string bash_completion(const std::vector<CommandWords>& commands, std::string_view program);
[[nodiscard]] std::string zsh_completion(const std::vector<CommandWords>& commands, std::string_view program);
[[nodiscard]] std::string fish_completion(const std::vector<CommandWords>& commands, std::string_view program);
[[nodiscard]] std::string powershell_completion(const std::vector<CommandWords>& commands, std::string_view program);

}  // namespace ociferry

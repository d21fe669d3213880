#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/completion/completion.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

/// Escapes colons and brackets, which have a meaning to `_arguments` and `_describe`.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(Offer offer) {
  if (offer == Offer::Files) return "_files";
  if (offer == Offer::Directories) return "_files -/";
  return offer == Offer::Shells ? fmt::format("({})", text::join(known_shells(), " ")) : " ";
}

std::string zsh_option(const OptionWords& words) {
  std::string out;
  for (const std::string& flag : flags_of(words.option)) {
    const bool is_long = flag.starts_with("--");
    std::string spec = "*" + flag;
    if (words.takes_value()) spec += is_long ? "=" : "+";
    spec += fmt::format("[{}]", zsh_text(words.option.help));
    if (words.takes_value()) spec += fmt::format(":{}:{}", zsh_text(words.option.placeholder), zsh_action(words.offer));
    out += fmt::format("        {} \\\n", shell_quoted(spec));
  }
  return out;
}

std::string zsh_command(const CommandWords& command) {
  std::string out = fmt::format("    {})\n      _arguments \\\n", shell_quoted(command.name));
  for (const OptionWords& option : command.options) out += zsh_option(option);
  const Offer offer = command.argument;
  return out + (offer == Offer::Nothing
                    ? "        && return\n      ;;\n"
                    : fmt::format("        {} && return\n      ;;\n", shell_quoted("1:argument:" + zsh_action(offer))));
}

std::string zsh_list(const std::vector<CommandWords>& commands, const std::string& parent) {
  std::string out = fmt::format("    {})\n      words_below=(\n", shell_quoted(parent));
  for (const std::string& word : words_below(commands, parent)) {
    const std::string name = parent.empty() ? word : parent + " " + word;
    out += fmt::format("        {}\n", shell_quoted(zsh_text(word) + ":" + zsh_text(summary_of(commands, name))));
  }
  return out + "      ) ;;\n";
}

}  // namespace

std::string zsh_completion(const std::vector<CommandWords>& commands, std::string_view program) {
  std::string lists = zsh_list(commands, "");
  for (const std::string& parent : parents(commands)) lists += zsh_list(commands, parent);
  std::string arms;
  for (const CommandWords& command : commands) arms += zsh_command(command);
  std::string out = replaced(R"zsh(#compdef NAME
# zsh completion for NAME

_NAME_below() {  # PARENT: sets words_below
  words_below=()
  case "$1" in
LISTS  esac
}

_NAME() {
  local command='' word skip=0 i
  local -a words_below
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if ((skip)); then
      skip=0
    elif [[ $word == --column && -z $command ]]; then
      skip=1
    elif [[ $word != -* ]]; then
      command="${command:+$command }$word"
      _NAME_below "$command"
      ((${#words_below})) || break
    fi
  done
  _NAME_below "$command"
  if ((${#words_below})); then
    _describe command words_below
    return
  fi
  # What stands before and in the command's name is no matter for its options.
  words=($command[(w)-1] "${(@)words[i+1,-1]}")
  ((CURRENT -= i - 1))
  case "$command" in
ARMS  esac
}

if [[ $funcstack[1] == _NAME ]]; then _NAME "$@"; else compdef _NAME NAME; fi
)zsh",
                             "NAME", program);
  return replaced(replaced(out, "LISTS", lists), "ARMS", arms);
}

}  // namespace ociferry

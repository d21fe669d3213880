#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/completion/completion.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

/// The options of a command that `wanted` picks, as words.
template <typename Wanted>
std::string option_words(const CommandWords& command, Wanted&& wanted) {
  std::vector<std::string> words;
  for (const OptionWords& option : command.options) {
    if (!wanted(option)) continue;
    for (std::string& flag : flags_of(option.option)) words.push_back(std::move(flag));
  }
  return text::join(words, " ");
}

std::string bash_arm(std::string_view kind, const std::string& name, const std::string& words) {
  return words.empty()
             ? std::string()
             : fmt::format("    {}) echo {} ;;\n", shell_quoted(fmt::format("{}:{}", kind, name)), shell_quoted(words));
}

std::string bash_argument(Offer offer) {
  if (offer == Offer::Files) return "files";
  if (offer == Offer::Directories) return "directories";
  return offer == Offer::Shells ? "shells" : "";
}

/// The function with the words of a kind for a command.
std::string bash_words(const std::vector<CommandWords>& commands, std::string_view program) {
  std::string out = fmt::format("_{}_words() {{\n  case \"$1:$2\" in\n", program);
  out += bash_arm("commands", "", text::join(words_below(commands, ""), " "));
  for (const std::string& parent : parents(commands)) {
    out += bash_arm("commands", parent, text::join(words_below(commands, parent), " "));
  }
  for (const CommandWords& command : commands) {
    const auto with = [&](std::string_view kind, auto wanted) {
      out += bash_arm(kind, command.name, option_words(command, wanted));
    };
    with("options", [](const OptionWords&) { return true; });
    with("valued", [](const OptionWords& option) { return option.takes_value(); });
    with("files", [](const OptionWords& option) { return option.offer == Offer::Files; });
    with("directories", [](const OptionWords& option) { return option.offer == Offer::Directories; });
    out += bash_arm("argument", command.name, bash_argument(command.argument));
  }
  return out + fmt::format("    'shells:') echo {} ;;\n", shell_quoted(text::join(known_shells(), " "))) +
         "  esac\n}\n";
}

constexpr std::string_view kBashBody = R"bash(
_NAME_has() {  # KIND COMMAND WORD
  case " $(_NAME_words "$1" "$2") " in *" $3 "*) return 0 ;; esac
  return 1
}

_NAME_offer() {  # files|directories|shells|WORDS
  local IFS=$'\n'
  case "$1" in
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    shells) _NAME_offer "$(_NAME_words shells '')" ;;
    *) IFS=$' \n'; COMPREPLY=($(compgen -W "$1" -- "$cur")) ;;
  esac
}

_NAME() {
  local cur=${COMP_WORDS[COMP_CWORD]} command= option= word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == = ]]; then
      continue
    elif [[ -n $option && $word != -* ]]; then
      option=
    elif [[ $word == -* ]]; then
      option=
      if [[ -z $command ]]; then
        [[ $word == --column ]] && option=$word
      elif _NAME_has valued "$command" "$word"; then
        option=$word
      fi
    elif [[ -z $command ]]; then
      command=$word
    elif [[ -n $(_NAME_words commands "$command") ]]; then
      command="$command $word"
    fi
  done
  [[ $cur == = ]] && cur=
  if [[ -n $option ]]; then
    if _NAME_has files "$command" "$option"; then
      _NAME_offer files
    elif _NAME_has directories "$command" "$option"; then
      _NAME_offer directories
    fi
  elif [[ $cur == -* ]]; then
    _NAME_offer "$(_NAME_words options "${command:-version}")"
  elif [[ -n $(_NAME_words commands "$command") ]]; then
    _NAME_offer "$(_NAME_words commands "$command")"
  else
    word=$(_NAME_words argument "$command")
    [[ -n $word ]] && _NAME_offer "$word"
  fi
}
complete -F _NAME NAME
)bash";

}  // namespace

std::string bash_completion(const std::vector<CommandWords>& commands, std::string_view program) {
  return fmt::format("# bash completion for {}\n", program) + bash_words(commands, program) +
         replaced(kBashBody, "NAME", program);
}

}  // namespace ociferry

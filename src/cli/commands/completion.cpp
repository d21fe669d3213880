#include "cli/completion/completion.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void declare_completion(Arguments& arguments) { arguments.positional("SHELL"); }

void run_completion(const Arguments& arguments, Context&, Console& console) {
  const std::string shell = arguments.positional_value();
  const std::string& program = console.options().program;
  const std::vector<CommandWords> words = words_of(commands_of(program));
  if (shell == "bash") return console.block(bash_completion(words, program));
  if (shell == "fish") return console.block(fish_completion(words, program));
  if (shell == "powershell") return console.block(powershell_completion(words, program));
  if (shell == "zsh") return console.block(zsh_completion(words, program));
  throw Error(ErrorCode::Usage, "no completion for the shell '" + shell + "'")
      .hint("there is bash, fish, powershell and zsh");
}

}  // namespace

const Command kCompletionCommand{
    .name = "completion",
    .summary = "Print a script that completes command lines in bash, fish, PowerShell or zsh",
    .usage = "ociferry completion SHELL",
    .examples =
        "  # In this shell, in every bash, in every fish, in every zsh, and in this PowerShell\n"
        "  source <(ociferry completion bash)\n"
        "  ociferry completion bash > ~/.local/share/bash-completion/completions/ociferry\n"
        "  ociferry completion fish > ~/.config/fish/completions/ociferry.fish\n"
        "  ociferry completion zsh > \"${fpath[1]}/_ociferry\"\n"
        "  ociferry completion powershell | Out-String | Invoke-Expression\n",
    .declare = declare_completion,
    .run = run_completion,
};

}  // namespace ociferry

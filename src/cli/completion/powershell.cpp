#include "base/text.hpp"
#include "cli/completion/completion.hpp"
#include "cli/help.hpp"

namespace ociferry {

namespace {

/// In single quotes, as PowerShell reads them.
std::string ps_quoted(std::string_view text) { return text::cat("'", replaced(text, "'", "''"), "'"); }

/// The completion of a value: words, '*' for files, which PowerShell completes itself, or '' for none.
std::string offered(Offer offer) {
  if (offer == Offer::Files || offer == Offer::Directories) return ps_quoted("*");
  return ps_quoted(offer == Offer::Shells ? text::join(known_shells(), " ") : "");
}

std::string option_line(const OptionWords& words) {
  std::string out;
  for (const std::string& flag : flags_of(words.option)) {
    out += text::cat("            ,@(", ps_quoted(flag), ", ", ps_quoted(words.option.help), ", ",
                     words.takes_value() ? "$true" : "$false", ", ", offered(words.offer), ")\n");
  }
  return out;
}

std::string command_entry(const CommandWords& command) {
  std::string out = text::cat("        ", ps_quoted(command.name), " = @(\n");
  for (const OptionWords& option : command.options) out += option_line(option);
  return out + "        )\n";
}

std::string list_entry(const std::vector<CommandWords>& commands, const std::string& parent) {
  std::string out = text::cat("        ", ps_quoted(parent), " = @(\n");
  for (const std::string& word : words_below(commands, parent)) {
    const std::string name = parent.empty() ? word : parent + " " + word;
    out += text::cat("            ,@(", ps_quoted(word), ", ", ps_quoted(summary_of(commands, name)), ")\n");
  }
  return out + "        )\n";
}

/// Words in capitals are placeholders.
constexpr std::string_view kScript = R"ps(# PowerShell completion for NAME

Register-ArgumentCompleter -Native -CommandName 'NAME' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    # What can follow the name of a parent, and what is said of it.
    $below = @{
LISTS    }
    # Of each command: an option, what is said of it, whether it takes a value, and what is offered for that.
    $options = @{
OPTIONS    }
    # What stands behind the options.
    $arguments = @{
ARGUMENTS    }
    function Get-Result($text, $help) {
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
    function Get-Offered($offered) {
        if ($offered -ne '*') {
            $offered -split ' ' | Where-Object { $_ -and $_ -like "$wordToComplete*" } | ForEach-Object { Get-Result $_ $_ }
        }
    }
    $command = ''
    $valueOf = $null
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = $element.Extent.Text
        if ($null -ne $valueOf) {
            $valueOf = $null
        } elseif ($word.StartsWith('-')) {
            $known = if ($options.ContainsKey($command)) { $command } else { 'version' }  # global options are everywhere
            $valueOf = $options[$known] | Where-Object { $_[0] -ceq $word -and $_[2] } | Select-Object -First 1
        } elseif ($command -eq '' -or $below.ContainsKey($command)) {
            $command = "$command $word".Trim()
        }
    }
    if ($null -ne $valueOf) {
        Get-Offered $valueOf[3]
    } elseif ($wordToComplete.StartsWith('-')) {
        $known = if ($options.ContainsKey($command)) { $command } else { 'version' }
        $options[$known] | Where-Object { $_[0].StartsWith($wordToComplete) } | ForEach-Object { Get-Result $_[0] $_[1] }
    } elseif ($below.ContainsKey($command)) {
        $below[$command] | Where-Object { $_[0].StartsWith($wordToComplete) } | ForEach-Object { Get-Result $_[0] $_[1] }
    } elseif ($arguments.ContainsKey($command)) {
        Get-Offered $arguments[$command]
    }
}
)ps";

}  // namespace

std::string powershell_completion(const std::vector<CommandWords>& commands, std::string_view program) {
  std::string lists = list_entry(commands, "");
  for (const std::string& parent : parents(commands)) lists += list_entry(commands, parent);
  std::string options;
  std::string arguments;
  for (const CommandWords& command : commands) {
    options += command_entry(command);
    arguments += text::cat("        ", ps_quoted(command.name), " = ", offered(command.argument), "\n");
  }
  const std::string out = replaced(std::string(kScript), "NAME", program);
  return replaced(replaced(replaced(out, "LISTS", lists), "OPTIONS", options), "ARGUMENTS", arguments);
}

}  // namespace ociferry

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "caller.hpp"
#include "cli/completion/completion.hpp"
#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// What shells complete; no registry is needed.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// What bash offers for a line that is typed so far, sorted, in a directory with a file, a directory and an archive.
std::vector<std::string> completed_by_bash(const Caller& caller, const std::string& program, const Words& words) {
  const std::filesystem::path home = caller.ociferry.home();
  write_text(home / "a file", "");
  write_text(home / "app.tar", "");
  write_text(home / "dir/x", "");
  std::string script = "source '" + (home / (program + ".bash")).string() + "'\nCOMP_WORDS=('" + program + "'";
  for (const std::string& word : words) script += " '" + word + "'";
  script += ")\nCOMP_CWORD=" + std::to_string(words.size()) + "\n_" + program +
            "\nif ((${#COMPREPLY[@]})); then printf '%s\\n' \"${COMPREPLY[@]}\"; fi\n";
  const Outcome outcome = run({.arguments = {"bash", "--norc", "-c", script}, .directory = home});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  std::vector<std::string> offered;
  for (std::size_t begin = 0; begin < outcome.out.size();) {
    const auto end = outcome.out.find('\n', begin);
    offered.push_back(outcome.out.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::sort(offered);
  return offered;
}

/// What fish offers for a line, as it prints it.
std::string completed_by_fish(const Caller& caller, const std::string& program, const std::string& line) {
  const std::string home = caller.ociferry.home().string();
  const std::string script = "source " + home + "/" + program + ".fish; complete -C '" + line + "'";
  const Outcome outcome = run({.arguments = {"fish", "--no-config", "-c", script},
                               .environment = Variables{{"HOME", home}, {"PATH", "/usr/bin:/bin"}},
                               .directory = home});
  CHECK(outcome.err.empty());
  CHECK(outcome.exit_code == 0);
  return outcome.out;
}

/// A script as PowerShell would take it apart: comments, texts in single quotes ('' is a quote in them), and code,
/// where brackets nest. Texts in double quotes hold no brackets or quotes here.
class PowerShellScript {
 public:
  explicit PowerShellScript(const std::string& script) : script_(script) {
    for (std::size_t i = 0; i < script.size(); ++i) {
      if (script[i] == '#') {
        i = std::min(script.find('\n', i), script.size());
      } else if (script[i] == '\'') {
        i = take_text(i + 1);
      } else {
        take_code(script[i]);
      }
    }
  }

  [[nodiscard]] bool is_balanced() const { return balanced_ && open_.empty(); }
  [[nodiscard]] bool is_ascii() const {
    return std::ranges::all_of(script_, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  }
  [[nodiscard]] bool has_text(std::string_view text) const { return std::ranges::find(texts_, text) != texts_.end(); }

 private:
  std::size_t take_text(std::size_t at) {
    std::string text;
    for (; at < script_.size(); ++at) {
      const bool is_quote = script_[at] == '\'';
      if (is_quote && script_.compare(at, 2, "''") != 0) break;
      if (is_quote) ++at;
      text += script_[at];
    }
    balanced_ = balanced_ && at < script_.size();
    texts_.push_back(std::move(text));
    return at;
  }

  void take_code(char c) {
    if (c == '(' || c == '{' || c == '[') open_ += c == '(' ? ')' : c == '{' ? '}' : ']';
    if (c != ')' && c != '}' && c != ']') return;
    balanced_ = balanced_ && !open_.empty() && open_.back() == c;
    if (!open_.empty()) open_.pop_back();
  }

  std::string script_;
  std::string open_;
  bool balanced_ = true;
  std::vector<std::string> texts_;
};

void write_script(const Caller& caller, const std::string& shell) {
  const Outcome outcome = caller.run({"completion", shell});
  REQUIRE(outcome.exit_code == 0);
  write_text(caller.ociferry.home() / ("ociferry." + shell), outcome.out);
}

}  // namespace

TEST_CASE("bash completes commands, options, files, directories and shells") {
  if (lacks({"bash"})) return;
  const Caller caller;
  write_script(caller, "bash");
  const auto offered = [&](const Words& words) { return completed_by_bash(caller, "ociferry", words); };
  using Offers = std::vector<std::string>;
  CHECK(offered({"pu"}) == Offers{"pull", "push"});
  CHECK(offered({"--tty", "--column", "push", "ver"}) == Offers{"verify", "version"});
  CHECK(offered({"push", "--file-"}) == Offers{"--file-exclusion"});
  CHECK(offered({"push", "--bun"}) == Offers{"--bundle"});
  CHECK(offered({"push", "-b", ""}).empty());
  CHECK(offered({"push", "-b", "REF", "-f", "a"}) == Offers{"a file", "app.tar"});
  CHECK(offered({"push", "--file", "=", "app"}) == Offers{"app.tar"});
  CHECK(offered({"pull", "-r", "-o", ""}) == Offers{"dir", "tmp"});
  CHECK(offered({"inspect", "app"}) == Offers{"app.tar"});
  CHECK(offered({"inspect", "--json", "app"}) == Offers{"app.tar"});
  CHECK(offered({"completion", ""}) == Offers{"bash", "fish", "powershell", "zsh"});
  CHECK(offered({"version", "x"}).empty());
  CHECK(offered({"--js"}) == Offers{"--json"});
}

TEST_CASE("sub-commands are completed behind their parents, in bash and fish") {
  if (lacks({"bash"})) return;
  const Caller caller;
  const std::filesystem::path home = caller.ociferry.home();
  const OptionWords option{.option = {.long_name = "image", .short_name = 'i', .placeholder = "REF", .help = "Where"}};
  const std::vector<CommandWords> words = {
      {.name = "tag list", .summary = "List tags", .options = {option}},
      {.name = "tag resolve", .summary = "Find a tag's digest", .argument = Offer::Files},
      {.name = "take", .summary = "It's one word"},
  };
  write_text(home / "tool.bash", bash_completion(words, "tool"));
  using Offers = std::vector<std::string>;
  CHECK(completed_by_bash(caller, "tool", {"ta"}) == Offers{"tag", "take"});
  CHECK(completed_by_bash(caller, "tool", {"tag", ""}) == Offers{"list", "resolve"});
  CHECK(completed_by_bash(caller, "tool", {"tag", "list", "-"}) == Offers{"--image", "-i"});
  CHECK(completed_by_bash(caller, "tool", {"tag", "list", "-i", "x", ""}).empty());
  CHECK(completed_by_bash(caller, "tool", {"tag", "resolve", "app"}) == Offers{"app.tar"});
  if (!has_program("fish")) return;
  write_text(home / "tool.fish", fish_completion(words, "tool"));
  const auto by_fish = [&](const std::string& line) { return completed_by_fish(caller, "tool", line); };
  CHECK(by_fish("tool ta") == "tag\tCommands: list, resolve\ntake\tIt's one word\n");
  CHECK(by_fish("tool tag l") == "list\tList tags\n");
  CHECK(by_fish("tool tag list --i") == "--image\tWhere\n");
}

TEST_CASE("the script for PowerShell is well-formed, and names every command and option") {
  const Caller caller;
  const Outcome outcome = caller.run({"completion", "powershell"});
  CHECK(outcome.exit_code == 0);
  const PowerShellScript script(outcome.out);
  CHECK(script.is_balanced());
  CHECK(script.is_ascii());
  for (const CommandWords& command : words_of(commands())) {
    CHECK(script.has_text(second_word(command.name).empty() ? command.name : second_word(command.name)));
    for (const OptionWords& option : command.options) {
      for (const std::string& flag : flags_of(option.option)) CHECK(script.has_text(flag));
      CHECK(script.has_text(option.option.help));
      CHECK_FALSE(option.option.help.empty());  // PowerShell refuses an empty one
    }
  }
  CHECK(PowerShellScript(caller.run_imgpkg({"completion", "powershell"}).out).has_text("imgpkg"));
  const OptionWords option{
      .option = {.long_name = "image", .short_name = 'i', .placeholder = "REF", .help = "It's where"},
      .offer = Offer::Files};
  const std::vector<CommandWords> words = {
      {.name = "tag list", .summary = "List tags", .options = {option}},
      {.name = "take", .summary = "One word", .argument = Offer::Shells},
  };
  check_golden(kCliGolden / "completion-powershell.txt", powershell_completion(words, "tool"));
}

TEST_CASE("the completion script of the program called imgpkg completes imgpkg's commands") {
  if (lacks({"bash"})) return;
  const Caller caller;
  write_text(caller.ociferry.home() / "imgpkg.bash", caller.run_imgpkg({"completion", "bash"}).out);
  CHECK(completed_by_bash(caller, "imgpkg", {"cop"}) == std::vector<std::string>{"copy"});
}

TEST_CASE("completion writes scripts for four shells") {
  const Caller caller;
  const Outcome outcome = caller.run({"completion", "tcsh"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.find("'tcsh'") != std::string::npos);
  CHECK(caller.run({"completion"}).err.find("SHELL is missing") != std::string::npos);
}

TEST_CASE("zsh and fish read their scripts, and fish completes with its own") {
  if (!has_program("zsh") && !has_program("fish")) return;
  const Caller caller;
  const std::string home = caller.ociferry.home().string();
  if (has_program("zsh")) {
    write_script(caller, "zsh");
    const Outcome outcome = run({.arguments = {"zsh", "-f", "-n", home + "/ociferry.zsh"}});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
  }
  if (has_program("fish")) {
    write_script(caller, "fish");
    CHECK(completed_by_fish(caller, "ociferry", "ociferry completion ") == "bash\nfish\npowershell\nzsh\n");
    CHECK(completed_by_fish(caller, "ociferry", "ociferry pus").starts_with("push\tPush files"));
  }
}

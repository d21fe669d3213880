#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "cli/completion/completion.hpp"
#include "ociferry/version.hpp"
#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"
#include "support/terminal.hpp"

// Help, version and completion; they need no registry.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::filesystem::path kGolden = std::filesystem::path(FIXTURES) / "golden/cli";

/// The program, in an empty home, by either of its names.
class Caller {
 public:
  Caller() { std::filesystem::create_symlink(OCIFERRY_BINARY, ociferry.home() / "imgpkg"); }

  Outcome run(const Words& words) const { return ociferry.run(words); }
  Outcome run_imgpkg(const Words& words) const {
    Program program = ociferry.program(words);
    program.arguments.front() = (ociferry.home() / "imgpkg").string();
    return testing::run(program);
  }

  Ociferry ociferry{OCIFERRY_BINARY};
};

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

/// Someone at a terminal whose PATH has no program but, maybe, a `man` that notes how it is called.
class Reader {
 public:
  /// `search` is what `man -w` does, in words of a shell.
  void install_man(const std::string& search) const {
    write_text(bin() / "man", "#!/bin/sh\necho \"man $*\" >> man.log\n[ \"$1\" != -w ] || { " + search +
                                  "; exit; }\necho \"the page $1\"\n"
                                  "while read -r name value; do case $name in SigBlk:|SigIgn:) echo \"$name $value\"\n"
                                  "esac; done < /proc/$$/status\n");
    std::filesystem::permissions(bin() / "man", std::filesystem::perms::owner_all);
  }
  /// What the terminal shows, line ends as programs write them.
  std::string read(Words words, const std::string& name = "ociferry") const {
    std::filesystem::create_directories(bin());
    const Terminal terminal;
    Program program = caller.ociferry.program(words, {{"PATH", bin().string()}});
    if (name == "imgpkg") program.arguments.front() = (caller.ociferry.home() / "imgpkg").string();
    program.arguments.insert(program.arguments.begin(), {"/bin/sh", "-c", "exec \"$@\" > \"$0\"", terminal.name()});
    const Outcome outcome = testing::run(program);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    std::string shown = terminal.shown();
    std::erase(shown, '\r');
    return shown;
  }
  std::string calls() const {
    const std::filesystem::path log = caller.ociferry.home() / "man.log";
    return std::filesystem::exists(log) ? read_text(log) : "";
  }

  Caller caller;

 private:
  std::filesystem::path bin() const { return caller.ociferry.home() / "bin"; }
};

void write_script(const Caller& caller, const std::string& shell) {
  const Outcome outcome = caller.run({"completion", shell});
  REQUIRE(outcome.exit_code == 0);
  write_text(caller.ociferry.home() / ("ociferry." + shell), outcome.out);
}

}  // namespace

TEST_CASE("every command's help is as it was agreed on, by --help, -h and help") {
  const Caller caller;
  for (const Command* command : commands()) {
    Words name;
    std::string file = "help";
    for (std::string rest(command->name); !rest.empty();) {
      const auto space = rest.find(' ');
      name.push_back(rest.substr(0, space));
      file += "-" + name.back();
      rest = space == std::string::npos ? "" : rest.substr(space + 1);
    }
    const auto with = [](Words words, const std::string& more) {
      words.push_back(more);
      return words;
    };
    Words help = {"help"};
    help.insert(help.end(), name.begin(), name.end());
    const Outcome outcome = caller.run(with(name, "--help"));
    CHECK(outcome.exit_code == 0);
    check_golden(kGolden / (file + ".txt"), outcome.out);
    CHECK(caller.run(with(name, "-h")).out == outcome.out);
    CHECK(caller.run(help).out == outcome.out);
    CHECK(caller.run_imgpkg(help).out.find("ociferry") == std::string::npos);
  }
}

TEST_CASE("the overview is shown when requested, and, as an error, when no command is given") {
  const Caller caller;
  const Outcome asked = caller.run({"--help"});
  CHECK(asked.exit_code == 0);
  check_golden(kGolden / "help.txt", asked.out);
  CHECK(caller.run({"help"}).out == asked.out);
  for (const Words& words : {Words{}, Words{"--tty"}}) {
    const Outcome bare = caller.run(words);
    CHECK(bare.exit_code == 1);
    CHECK(bare.out == asked.out);
  }
  check_golden(kGolden / "help-imgpkg.txt", caller.run_imgpkg({"--help"}).out);
  CHECK(caller.run_imgpkg({}).out.empty());
}

TEST_CASE("unknown commands are errors") {
  const Caller caller;
  for (const Words& words : {Words{"pul"}, Words{"help", "pul"}}) {
    const Outcome outcome = caller.run(words);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err ==
          "ociferry: Error: unknown command \"pul\" for \"ociferry\"\n"
          "  hint: did you mean 'ociferry pull'? 'ociferry --help' lists them\n");
  }
  CHECK(caller.run({"xyzzy"}).err ==
        "ociferry: Error: unknown command \"xyzzy\" for \"ociferry\"\n  hint: 'ociferry --help' lists them\n");
}

TEST_CASE("what is wrong in a command line is reported with the command, the option or its place that was meant") {
  const Caller caller;
  write_text(caller.ociferry.home() / "a.tar", "");
  const auto hint = [&](const Words& words) {
    const Outcome outcome = caller.run(words);
    CHECK(outcome.exit_code == 1);
    const auto at = outcome.err.find("  hint: ");
    return at == std::string::npos ? outcome.err : outcome.err.substr(at + 8);
  };
  const std::string either = "give it with -b if it is a bundle, or -i if it is an image\n";
  CHECK(hint({"tag", "lst"}) == "did you mean 'ociferry tag list'? 'ociferry --help' lists them\n");
  CHECK(hint({"export", "reg/app:v1", "-o", "x.tar"}) == either);
  CHECK(hint({"pull", "reg/app:v1"}) == either);
  CHECK(hint({"tag", "list", "reg/app"}) == "give it with -i\n");
  CHECK(hint({"describe", "reg/app:v1"}) == "give it with -b\n");
  CHECK(hint({"import", "a.tar", "reg/app"}) == "give it with --to-repo\n");
  CHECK(hint({"copy", "-b", "reg/app:v1", "reg/app"}) == "give it with --to-repo\n");
  CHECK(hint({"copy", "a.tar", "--to-repo", "reg/app"}) == "give it with --tar\n");
  CHECK(hint({"push", "-b", "reg/app:v1", "a.tar"}) == "give it with -f\n");
  CHECK(hint({"push", "--bundel", "x"}) == "did you mean --bundle? 'ociferry push --help' lists its options\n");
  CHECK(hint({"push", "--xyzzy"}) == "'ociferry push --help' lists its options\n");
}

TEST_CASE("help takes the options that every command takes, and helps with itself") {
  const Caller caller;
  const std::string overview = caller.run({"--help"}).out;
  for (const Words& words : {Words{"help", "--help"}, Words{"help", "-h"}, Words{"help", "help"}}) {
    CHECK(caller.run(words).out == overview);
  }
  CHECK(caller.run({"help", "push", "--tty"}).out == caller.run({"push", "--help"}).out);
  CHECK(caller.run({"help", "tag", "list", "--help"}).out == caller.run({"tag", "list", "--help"}).out);
}

TEST_CASE("help opens the manual page of a command for a reader at a terminal") {
  const Reader reader;
  reader.install_man("echo $0");
  const std::string shown = reader.read({"help", "tag", "ls"});
  CHECK(shown.starts_with("the page ociferry-tag-list\n"));
  CHECK(reader.calls() == "man -w ociferry-tag-list\nman ociferry-tag-list\n");
  // As from a shell: Ctrl-C and a pager that is left early end it.
  CHECK(shown.find("SigBlk: 0000000000000000") != std::string::npos);
  const auto ignored = shown.find("SigIgn: ");
  REQUIRE(ignored != std::string::npos);
  CHECK((std::stoul(shown.substr(ignored + 8), nullptr, 16) & 0x1000UL) == 0);  // SIGPIPE
}

TEST_CASE("help prints the options where there is no manual page, no man, or no reader") {
  const Reader reader;
  const std::string text = reader.caller.run({"version", "--help"}).out;
  CHECK(reader.read({"help", "version"}) == text);
  // Where manuals are left out, a `man` may only say so.
  for (const char* search : {"exit 16", "echo This system has been minimized", "echo /no/such/page", "kill $$"}) {
    reader.install_man(search);
    CHECK(reader.read({"help", "version"}) == text);
  }
  const std::string search = "man -w ociferry-version\n";
  CHECK(reader.calls() == search + search + search + search);
  reader.install_man("echo $0");
  CHECK(reader.read({"help", "version", "--json"}).starts_with("{"));
  CHECK(reader.read({"help", "version"}, "imgpkg").starts_with("Print the version\n"));
  CHECK(reader.read({"version", "--help"}) == text);
  CHECK(reader.read({"help", "tag"}).find("tag resolve") != std::string::npos);
  CHECK(reader.calls() == search + search + search + search);
}

TEST_CASE("the version is told in imgpkg's form, by the name that was called") {
  const Caller caller;
  const std::string told = caller.run({"version"}).out;
  // Which commit it is changes with every one.
  const std::regex form("ociferry version (" + std::string(version()) + R"((-dev(\+g[0-9a-f]{12}(\.dirty)?)?)?)\n)");
  std::smatch match;
  REQUIRE(std::regex_match(told, match, form));
  const std::string number = match[1];
  CHECK(caller.run({"--version"}).out == "ociferry version " + number + "\n");
  CHECK(caller.run_imgpkg({"version"}).out == "imgpkg version " + number + "\n");
  CHECK(caller.run_imgpkg({"version", "--tty"}).out == "imgpkg version " + number + "\n\nSucceeded\n");
  std::string json = caller.run({"--json", "version"}).out;
  CHECK(caller.run({"--version", "--json"}).out == json);
  const auto at = json.find(number);
  REQUIRE(at != std::string::npos);
  check_golden(kGolden / "version-json.txt", json.replace(at, number.size(), "VERSION"));
}

TEST_CASE("a standard output that is full is an error, also for what is collected as JSON") {
  const Caller caller;
  for (const char* words : {"version", "--json version", "--help"}) {
    const Outcome outcome =
        run({.arguments = {"sh", "-c", std::string(OCIFERRY_BINARY) + " " + words + " > /dev/full"}});
    CHECK(outcome.exit_code == 30);
    CHECK(outcome.err.find("standard output") != std::string::npos);
  }
}

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
  check_golden(kGolden / "completion-powershell.txt", powershell_completion(words, "tool"));
}

TEST_CASE("called imgpkg, the completion is imgpkg's") {
  if (lacks({"bash"})) return;
  const Caller caller;
  write_text(caller.ociferry.home() / "imgpkg.bash", caller.run_imgpkg({"completion", "bash"}).out);
  CHECK(completed_by_bash(caller, "imgpkg", {"cop"}) == std::vector<std::string>{"copy"});
}

TEST_CASE("completion knows four shells") {
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

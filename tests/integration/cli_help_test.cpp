#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "caller.hpp"
#include "cli/command.hpp"
#include "ociferry/version.hpp"
#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"
#include "support/terminal.hpp"

// Help and version; no registry is needed.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

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

}  // namespace

TEST_CASE("--help, -h and help print the golden help of every command") {
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
    check_golden(kCliGolden / (file + ".txt"), outcome.out);
    CHECK(caller.run(with(name, "-h")).out == outcome.out);
    CHECK(caller.run(help).out == outcome.out);
    CHECK(caller.run_imgpkg(help).out.find("ociferry") == std::string::npos);
  }
}

TEST_CASE("the overview is shown when requested, and, as an error, when no command is given") {
  const Caller caller;
  const Outcome asked = caller.run({"--help"});
  CHECK(asked.exit_code == 0);
  check_golden(kCliGolden / "help.txt", asked.out);
  CHECK(caller.run({"help"}).out == asked.out);
  for (const Words& words : {Words{}, Words{"--tty"}}) {
    const Outcome bare = caller.run(words);
    CHECK(bare.exit_code == 1);
    CHECK(bare.out == asked.out);
  }
  check_golden(kCliGolden / "help-imgpkg.txt", caller.run_imgpkg({"--help"}).out);
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

TEST_CASE("a usage error names the command, the option or the position, and a suggestion") {
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
  CHECK(hint({"export", "a.tar", "-o", "x.tar"}) == "ociferry copy --tar a.tar reads an archive\n");
  CHECK(hint({"pull", "reg/app:v1"}) == either);
  CHECK(hint({"tag", "list", "reg/app"}) == "give it with -i\n");
  CHECK(hint({"describe", "reg/app:v1"}) == "give it with -b\n");
  CHECK(hint({"import", "a.tar", "reg/app"}) == "give it with --to-repo\n");
  CHECK(hint({"copy", "-b", "reg/app:v1", "reg/app"}) == "give it with --to-repo\n");
  CHECK(hint({"copy", "a.tar", "--to-repo", "reg/app"}) == "ociferry copy --tar a.tar reads an archive\n");
  CHECK(hint({"push", "-b", "reg/app:v1", "a.tar"}) == "give it with -f\n");
  CHECK(hint({"push", "--bundel", "x"}) == "did you mean --bundle? 'ociferry push --help' lists its options\n");
  CHECK(hint({"import", "--tar", "a.tar", "--to-repo", "reg/app"}) == "leave out --tar: 'ociferry import ARCHIVE'\n");
  CHECK(hint({"push", "--xyzzy"}) == "'ociferry push --help' lists its options\n");
}

TEST_CASE("help accepts the global options, and has a help of its own") {
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

TEST_CASE("version prints the name by which the program was called, in imgpkg's form") {
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
  check_golden(kCliGolden / "version-json.txt", json.replace(at, number.size(), "VERSION"));
}

TEST_CASE("a full standard output is an error, also for JSON that is printed at the end") {
  const Caller caller;
  for (const char* words : {"version", "--json version", "--help"}) {
    const Outcome outcome =
        run({.arguments = {"sh", "-c", std::string(OCIFERRY_BINARY) + " " + words + " > /dev/full"}});
    CHECK(outcome.exit_code == 30);
    CHECK(outcome.err.find("standard output") != std::string::npos);
  }
}

TEST_CASE("closed standard output is an error for commands that write to it, and closed input for those that read it") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const auto run_in_shell = [&](const std::string& words) {
    Program program = ociferry.program({});
    program.arguments = {"sh", "-c", std::string(OCIFERRY_BINARY) + " " + words};
    return run(program);
  };
  for (const char* words : {"version >&-", "--json version >&-", "--help >&-", "completion bash >&- 2>err"}) {
    CAPTURE(words);
    const Outcome outcome = run_in_shell(words);
    CHECK(outcome.exit_code == 31);
    const std::string err = outcome.err.empty() ? read_text(ociferry.home() / "err") : outcome.err;
    CHECK(err.find("standard output at offset 0: Bad file descriptor\n  hint: standard output is closed") !=
          std::string::npos);
  }
  CHECK(run_in_shell("version 2>&-").exit_code == 0);
  CHECK(run_in_shell("version <&-").exit_code == 0);
  const Outcome nothing_in = run_in_shell("verify - <&-");
  CHECK(nothing_in.exit_code == 31);
  CHECK(nothing_in.err.find("standard input is closed (<&-)") != std::string::npos);
}

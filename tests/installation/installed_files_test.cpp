#include <doctest/doctest.h>

#include "ociferry/version.hpp"
#include "stage.hpp"

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kSource = SOURCE_ROOT;
const fs::path kShare = DATADIR;
const fs::path kDocs = kShare / "doc" / "ociferry";
const fs::path kLibraries = LIBDIR;

/// The paths that files of `folder`, in the source, have once they are in `target`.
void add_files_of(const fs::path& folder, const fs::path& target, std::set<fs::path>& all) {
  for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
    if (entry.is_regular_file()) all.insert(target / entry.path().lexically_relative(kSource / folder));
  }
}

std::set<fs::path> expected_files() {
  std::set<fs::path> all = {fs::path(BINDIR) / "ociferry", kShare / "bash-completion/completions/ociferry",
                            kShare / "fish/vendor_completions.d/ociferry.fish", kShare / "zsh/site-functions/_ociferry",
                            kLibraries / "pkgconfig/ociferry.pc"};
  for (const char* name : {"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md",
                           "bench/README.md"}) {
    all.insert(kDocs / name);
  }
  for (const auto& page : fs::directory_iterator(kSource / "man")) {
    const std::string section = page.path().extension().string().substr(1);
    if (section == "build") continue;
    all.insert(fs::path(MANDIR) / ("man" + section) / page.path().filename());
    all.insert(kDocs / "man" / page.path().filename());
  }
  const std::string kinds = LIBRARY_KINDS;
  if (kinds != "shared") all.insert(kLibraries / "libociferry.a");
  if (kinds != "static") {
    all.insert(kLibraries / "libociferry.so");
    all.insert(kLibraries / ("libociferry.so." + std::string(version())));
  }
  add_files_of("include", INCLUDEDIR, all);
  add_files_of("docs", kDocs / "docs", all);
  add_files_of("examples", kDocs / "examples", all);
  add_files_of("include", kDocs / "include", all);
  return all;
}

/// The standard output of a shell that must have nothing to complain about.
std::string said_by(const Words& shell) {
  const Outcome outcome = run({.arguments = shell});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err == "");
  return outcome.out;
}

}  // namespace

TEST_CASE("an installation has every file at its place and nothing outside its prefix, and uninstalls completely") {
  const Stage stage;
  std::set<std::string> expected;
  for (const fs::path& path : expected_files()) {
    expected.insert((fs::path(PREFIX) / path).relative_path().string());
  }
  std::set<std::string> found = stage.files();
  const std::string html = (fs::path(PREFIX) / kDocs / "html").relative_path().string();
  std::erase_if(found, [&](const std::string& file) { return file.starts_with(html); });
  CHECK(found == expected);
  CHECK_FALSE(fs::exists(stage.at(fs::path(BINDIR) / "imgpkg")));

  stage.uninstall();
  CHECK(fs::is_empty(stage.at("/")));
}

TEST_CASE("the installed program and manual work, and each shell finds its completions") {
  if (lacks({"bash", "zsh", "fish", "mandoc"})) return;
  const Stage stage;
  CHECK(said_by({stage.at(fs::path(BINDIR) / "ociferry").string(), "version"})
            .starts_with("ociferry version " + std::string(version())));

  for (const std::string& file : stage.files()) {
    const fs::path path = fs::path("/") / file;
    if (path.parent_path().parent_path() != fs::path(PREFIX) / MANDIR) continue;
    CAPTURE(file);
    CHECK(said_by({"mandoc", "-T", "lint", "-W", "warning", stage.at(path).string()}) == "");
  }

  // bash-completion looks for a file with the name of the program.
  const std::string bash = stage.at(kShare / "bash-completion/completions/ociferry").string();
  CHECK(said_by({"bash", "--norc", "-c", "source '" + bash + "'; complete -p ociferry"}).ends_with(" ociferry\n"));
  const std::string zsh = stage.at(kShare / "zsh/site-functions").string();
  CHECK(said_by({"zsh", "-f", "-c",
                 "fpath=('" + zsh + "' $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[ociferry]"}) ==
        "_ociferry\n");
  // fish looks only if there is such a program.
  const std::string fish = stage.at(kShare / "fish/vendor_completions.d").string();
  const std::string programs = stage.at(BINDIR).string();
  CHECK(said_by({"fish", "--no-config", "-c",
                 "set -p PATH '" + programs + "'; set -p fish_complete_path '" + fish +
                     "'; complete -C 'ociferry completion z'"}) == "zsh\n");
}

TEST_CASE("links between installed pages lead to installed pages") {
  if (lacks({"python3"})) return;
  const Stage stage;
  const std::string found = said_by({"python3", (kSource / "tests/docs/links.py").string(), stage.at(kDocs).string()});
  CHECK(found.ends_with(" pages, and every link leads somewhere\n"));
}

TEST_CASE("the option imgpkg_link installs a link, through which the program behaves as imgpkg") {
  const fs::path link = Installation::get().program("imgpkg");
  CHECK(fs::read_symlink(link) == "ociferry");
  CHECK(said_by({link.string(), "version"}).starts_with("imgpkg version " + std::string(version())));
}

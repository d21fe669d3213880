#include <doctest/doctest.h>

#include <regex>

#include "support/process.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

/// A copy of what scripts/version needs, without the commits around it.
class Copy {
 public:
  Copy() {
    fs::create_directories(root() / "scripts");
    fs::copy_file(fs::path(SOURCE_ROOT) / "scripts/version", root() / "scripts/version");
    write_text(root() / "meson.build", "project('ociferry', 'cpp',\n  version: '7.8.9',\n  license: 'x')\n");
  }

  [[nodiscard]] fs::path root() const { return directory_.path() / "ociferry"; }
  [[nodiscard]] std::string version() const { return run_or_throw({.arguments = {root() / "scripts/version"}}); }
  [[nodiscard]] bool says(const std::string& form) const {
    return std::regex_match(version(), std::regex(form + "\n"));
  }

  void git(const Words& words, const fs::path& where) const {
    Words all = {"git",
                 "-C",
                 where.string(),
                 "-c",
                 "user.name=a",
                 "-c",
                 "user.email=a@b",
                 "-c",
                 "commit.gpgsign=false",
                 "-c",
                 "tag.gpgsign=false"};
    all.insert(all.end(), words.begin(), words.end());
    run_or_throw({.arguments = all});
  }
  void git(const Words& words) const { git(words, root()); }

 private:
  TempDirectory directory_ = temp_directory();
};

}  // namespace

TEST_CASE("the version names the release at its tag, else the commit and whether files are changed") {
  if (lacks({"git"})) return;
  const Copy copy;
  copy.git({"init", "-q"});
  copy.git({"add", "."});
  copy.git({"commit", "-q", "-m", "all"});
  CHECK(copy.says("7\\.8\\.9-dev\\+g[0-9a-f]{12}"));
  copy.git({"tag", "v7.8.8"});
  CHECK(copy.says("7\\.8\\.9-dev\\+g[0-9a-f]{12}"));
  copy.git({"tag", "v7.8.9"});
  CHECK(copy.version() == "7.8.9\n");
  write_text(copy.root() / "new", "not part of it");
  CHECK(copy.version() == "7.8.9\n");
  write_text(copy.root() / "scripts/version", read_text(copy.root() / "scripts/version") + "# changed\n");
  CHECK(copy.says("7\\.8\\.9-dev\\+g[0-9a-f]{12}\\.dirty"));
}

TEST_CASE("without a repository the version comes from the release's file, or is unknown") {
  if (lacks({"git"})) return;
  const Copy copy;
  CHECK(copy.version() == "7.8.9-dev\n");
  // Somebody else's repository, in which the files of a release were unpacked.
  copy.git({"init", "-q"}, copy.root().parent_path());
  copy.git({"add", "."}, copy.root().parent_path());
  copy.git({"commit", "-q", "-m", "theirs"}, copy.root().parent_path());
  CHECK(copy.version() == "7.8.9-dev\n");
  write_text(copy.root() / ".version", "7.8.9\n");
  CHECK(copy.version() == "7.8.9\n");
}

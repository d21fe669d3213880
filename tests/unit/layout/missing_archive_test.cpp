#include "layout/missing_archive.hpp"

#include <doctest/doctest.h>

#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("the error for an absent archive names archives beside it, or the missing directory") {
  const TempDirectory directory = temp_directory();
  const auto hint = [&](const std::string& path) { return hint_for_missing_archive(directory.path() / path); };
  const std::string here = directory.path().string();
  write_text(directory.path() / "app.targets", "");
  write_text(directory.path() / "old.tar.partial", "");
  write_text(directory.path() / ".app.tar", "");
  CHECK(hint("a.tar") ==
        here + " has no file named like an archive (*.tar): check the name, and that the medium is mounted");
  CHECK(hint("stick/a.tar") ==
        "there is no directory " + here + "/stick: check the name, and that the medium is mounted");
  for (const char* name : {"b.tar", "a.tar.zst", "c.tar.001"}) write_text(directory.path() / name, "");
  CHECK(hint("a.tar") == "check the name; archives in " + here + ": a.tar.zst, b.tar, c.tar.001");
  for (const char* name : {"d.tar", "e.tar", "f.tar", "g.tar"}) write_text(directory.path() / name, "");
  CHECK(hint("a.tar") ==
        "check the name; archives in " + here + ": a.tar.zst, b.tar, c.tar.001, d.tar, e.tar and 2 more");
}

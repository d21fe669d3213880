#include "archive/confined_directory.hpp"

#include <doctest/doctest.h>

#include "extraction_site.hpp"
#include "ociferry/error.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

using EntryKind = ConfinedDirectory::Kind;

/// root/ with links out of it, and outside/sentinel beside it.
struct LinkedSite {
  explicit LinkedSite(Lookup lookup) : directory((prepare(), temporary.path() / "root"), lookup) {}

  void prepare() const {
    write_text(temporary.path() / "outside/sentinel", "untouched");
    write_text(temporary.path() / "root/sub/file", "inside");
    fs::create_symlink("../outside", temporary.path() / "root/out");
    fs::create_symlink("sub", temporary.path() / "root/in");
    fs::create_symlink("/proc/self/cwd", temporary.path() / "root/magic");
  }
  [[nodiscard]] bool is_outside_untouched() const {
    return read_text(temporary.path() / "outside/sentinel") == "untouched" &&
           std::distance(fs::directory_iterator(temporary.path() / "outside"), {}) == 1;
  }

  TempDirectory temporary = temp_directory();
  ConfinedDirectory directory;
};

template <typename Use>
void check_refused(Use&& use) {
  try {
    use();
    FAIL_CHECK("it was not refused");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
  }
}

}  // namespace

TEST_CASE("no operation follows a link or leaves the directory") {
  for (const Lookup lookup : kLookups) {
    LinkedSite site(lookup);
    ConfinedDirectory& directory = site.directory;
    for (const std::string way : {"out", "in", "magic", "..", "../outside", "sub/..", "/", "sub/file"}) {
      CAPTURE(way);
      check_refused([&] { static_cast<void>(directory.kind(way + "/sentinel")); });
      check_refused([&] { static_cast<void>(directory.names(way)); });
      check_refused([&] { static_cast<void>(directory.open_file(way + "/sentinel")); });
      check_refused([&] { directory.make_directories(way + "/new"); });
      check_refused([&] { static_cast<void>(directory.create_file(way + "/new", 0600)); });
      check_refused([&] { directory.make_symlink(way + "/new", "x"); });
      check_refused([&] { static_cast<void>(directory.make_hardlink(way + "/new", "sub/file")); });
      check_refused([&] { static_cast<void>(directory.make_hardlink("new", way + "/sentinel")); });
      check_refused([&] { directory.remove(way + "/sentinel"); });
    }
    check_refused([&] { static_cast<void>(directory.open_file("in")); });
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("removing a link leaves what it names") {
  for (const Lookup lookup : kLookups) {
    LinkedSite site(lookup);
    site.directory.remove("out");
    site.directory.remove("in");
    CHECK(site.directory.kind("out") == EntryKind::Absent);
    CHECK(site.directory.kind("sub/file") == EntryKind::File);
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("a directory that was removed and created again is opened anew") {
  for (const Lookup lookup : kLookups) {
    LinkedSite site(lookup);
    CHECK(site.directory.make_directories("a/b/c") == 3);
    site.directory.create_file("a/b/c/old", 0600).close("old");
    site.directory.remove("a");
    CHECK(site.directory.kind("a/b/c/old") == EntryKind::Absent);
    CHECK(site.directory.make_directories("a/b/c") == 3);
    CHECK(site.directory.make_directories("a/b") == 0);
    site.directory.create_file("a/b/c/new", 0600).close("new");
    CHECK(site.directory.names("a/b/c") == std::vector<std::string>{"new"});
  }
}

TEST_CASE("existing entries are distinguished by type, and not overwritten") {
  LinkedSite site(Lookup::Kernel);
  CHECK(site.directory.kind("") == EntryKind::Directory);
  CHECK(site.directory.kind("sub") == EntryKind::Directory);
  CHECK(site.directory.kind("out") == EntryKind::Symlink);
  CHECK(site.directory.kind("no/such/thing") == EntryKind::Absent);
  CHECK_THROWS_AS(static_cast<void>(site.directory.create_file("sub/file", 0600)), Error);
  CHECK_THROWS_AS(static_cast<void>(site.directory.create_file("out", 0600)), Error);
  CHECK_THROWS_AS(static_cast<void>(site.directory.open_file("absent/file")), Error);
  CHECK(read_text(site.temporary.path() / "root/sub/file") == "inside");
}

TEST_CASE("a file gets a second name by a hard link") {
  LinkedSite site(Lookup::Walk);
  CHECK(site.directory.make_hardlink("again", "sub/file"));
  CHECK(fs::hard_link_count(site.temporary.path() / "root/again") == 2);
  site.directory.sync();
}

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "extraction_site.hpp"
#include "packing.hpp"

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("no member leaves the root by its name") {
  for (const std::string name : {"../outside/sentinel", "/../x", "a/../../outside/x", ".."}) {
    CAPTURE(name);
    Site site(Lookup::Kernel);
    CHECK(site.failure_of(TarBuilder().file(name, "evil")) == ErrorCode::Hostile);
    CHECK(site.failure_of(TarBuilder().hardlink("x", name)) == ErrorCode::Hostile);
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("nothing is written through a symbolic link, of this layer or of an earlier one") {
  for (const Lookup lookup : kLookups) {
    const TarBuilder link = TarBuilder().directory("sub").symlink("link", "sub").symlink("leaf", "sub/leaf");
    for (const TarBuilder& second :
         {TarBuilder().file("link/x", "evil"), TarBuilder().directory("link/x/y"), TarBuilder().symlink("link/x", "y"),
          TarBuilder().file("ok", "").hardlink("link/x", "ok"), TarBuilder().hardlink("ok", "link/x"),
          TarBuilder().file("link/.wh.x", ""), TarBuilder().file("link/deep/.wh..wh..opq", "")}) {
      // In a first layer whiteouts have nothing to hide, so nothing is looked up.
      const bool is_whiteout = second.members().find(".wh.") != std::string::npos;
      Site one_layer(lookup);
      const ErrorCode code = one_layer.failure_of(TarBuilder(link).raw(second.members()));
      CHECK((is_whiteout || code == ErrorCode::Hostile));
      CHECK(fs::is_empty(one_layer.root() / "sub"));
      Site two_layers(lookup);
      two_layers.apply(link);
      CHECK(two_layers.failure_of(second) == ErrorCode::Hostile);
      CHECK(fs::is_empty(two_layers.root() / "sub"));
    }
    Site site(lookup);
    site.apply(TarBuilder(link).file("leaf", "a file now"));
    CHECK(fs::is_regular_file(fs::symlink_status(site.root() / "leaf")));
    CHECK(fs::is_empty(site.root() / "sub"));
  }
}

TEST_CASE("a link that another process creates is not followed") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    fs::create_directory_symlink(site.outside(), site.root() / "planted");
    fs::create_symlink(site.outside() / "sentinel", site.root() / "leaf");
    CHECK(site.failure_of(TarBuilder().file("planted/sentinel", "evil")) == ErrorCode::Hostile);
    CHECK(site.failure_of(TarBuilder().directory("planted/new")) == ErrorCode::Hostile);
    CHECK(site.failure_of(TarBuilder().hardlink("copy", "planted/sentinel")) == ErrorCode::Hostile);
    site.apply(TarBuilder().hardlink("copy", "leaf"));
    CHECK_FALSE(site.has("copy"));  // no further name for what is outside
    site.apply(TarBuilder().file("leaf", "mine"));
    site.apply(TarBuilder().file(".wh.planted", "").file("leaf", "mine again"));
    CHECK_FALSE(site.has("planted"));
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("symbolic links that lead out, or could, are left out and counted") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder()
                 .symlink("absolute", "/etc/passwd")
                 .symlink("up", "../outside")
                 .symlink("a/b/up", "../../../outside")
                 .symlink("a/b/zigzag", "x/../../../../outside")
                 .symlink("a/b/detour", "c/../d")
                 .symlink("a/b/good", "../../top")
                 .symlink("a/b/here", "./c//d"));
  CHECK(site.listing() == std::set<std::string>{"a", "a/b", "a/b/good", "a/b/here"});
  CHECK(site.extractor().report().skipped_links == 5);
  site.apply(TarBuilder().file("up/x", "inside, since the link was never made"));
  CHECK(site.text("up/x") == "inside, since the link was never made");
  CHECK(site.failure_of(TarBuilder().symlink("empty", "")) == ErrorCode::Hostile);
  CHECK(site.is_outside_untouched());
}

TEST_CASE("hard links lead only to files of the image") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("file", "1").symlink("link", "file").directory("dir").file("dir/inner", "2"));
  for (const TarBuilder& layer :
       {TarBuilder().hardlink("x", "absent"), TarBuilder().hardlink("link", "link"), TarBuilder().hardlink("x", "dir"),
        TarBuilder().hardlink("x", "."), TarBuilder().hardlink("file", "file"),
        TarBuilder().hardlink("dir", "dir/inner"), TarBuilder().hardlink("x", "file/below"),
        TarBuilder().hardlink("x", "../outside/sentinel")}) {
    CHECK(site.failure_of(layer) == ErrorCode::Hostile);
  }
  CHECK(site.text("file") == "1");
  CHECK(site.text("dir/inner") == "2");
  CHECK(site.is_outside_untouched());
}

TEST_CASE("absolute names, of members and of hard links' targets, lead below the root") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder()
                   .directory("/")
                   .directory("/usr/")
                   .file("/usr//bin/./zip", "1")
                   .hardlink("/usr/bin/unzip", "/usr/bin/zip")
                   .file("..\\x", "2"));
    CHECK(site.listing() == std::set<std::string>{"..\\x", "usr", "usr/bin", "usr/bin/unzip", "usr/bin/zip"});
    CHECK(fs::equivalent(site.root() / "usr/bin/zip", site.root() / "usr/bin/unzip"));
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("a hard link to a symbolic link is a copy of it, unless that leads out of the root") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder()
                   .file("a/target", "")
                   .symlink("a/b/link", "../target")
                   .hardlink("a/c/again", "a/b/link")
                   .hardlink("top", "a/b/link")
                   .hardlink("top-again", "top"));
    CHECK(fs::read_symlink(site.root() / "a/c/again") == "../target");
    CHECK_FALSE(site.has("top"));
    CHECK_FALSE(site.has("top-again"));
    CHECK(site.extractor().report().skipped_links == 2);
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("a hard link to a left-out member is left out and counted") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder()
                 .symlink("bin/awk", "/etc/alternatives/awk")
                 .member({.name = "dev/null", .type = '3'})
                 .file("replaced", "old"));
  site.apply(TarBuilder()
                 .hardlink("bin/nawk", "bin/awk")
                 .hardlink("bin/mawk", "bin/nawk")
                 .hardlink("replaced", "dev/null")
                 .file("bin/awk", "a file now")
                 .hardlink("bin/gawk", "bin/awk"));
  CHECK(site.listing() == std::set<std::string>{"bin", "bin/awk", "bin/gawk", "dev"});
  CHECK(site.extractor().report().skipped_links == 4);
  CHECK(site.extractor().report().skipped_special == 1);
}

TEST_CASE("replacing one name of a file leaves its other names alone") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("one", "old").hardlink("two", "one").file("one", "new"));
  CHECK(site.text("one") == "new");
  CHECK(site.text("two") == "old");
}

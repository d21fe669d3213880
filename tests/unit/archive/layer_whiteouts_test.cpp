#include <doctest/doctest.h>

#include "extraction_site.hpp"
#include "packing.hpp"

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("AUFS metadata is skipped, and AUFS whiteouts that are hard links are applied") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("a", "").file("b", "").file("c", ""));
  site.apply(TarBuilder()
                 .file(".wh..wh.aufs", "")
                 .directory(".wh..wh.plnk/")
                 .file(".wh..wh.plnk/1.2", "x")
                 .file(".wh.a", "")
                 .hardlink(".wh.b", ".wh.a"));
  CHECK(site.listing() == std::set<std::string>{"c"});
  CHECK(site.failure_of(TarBuilder().hardlink(".wh.c", "c")) == ErrorCode::Hostile);
}

TEST_CASE("whiteouts hide files of the layers below") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder().file("a/one", "").file("a/two", "").file("b/x/y", "").file("c", "").symlink("l", "c"));
    site.apply(TarBuilder()
                   .file("a/.wh.one", "")
                   .file(".wh.b", "")
                   .file(".wh.l", "")
                   .file(".wh.absent", "")
                   .file("no/such/.wh.x", ""));
    CHECK(site.listing() == std::set<std::string>{"a", "a/two", "c"});
    site.apply(TarBuilder().file("b/back", "again").file("a/.wh.two", ""));
    CHECK(site.listing() == std::set<std::string>{"a", "b", "b/back", "c"});
  }
}

TEST_CASE("an opaque directory hides all files of the layers below") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder().file("d/old", "").file("d/sub/old", "").file("d/both", "old").file("top", ""));
    site.apply(TarBuilder().file("d/sub/new", "").file("d/both", "new").file("d/.wh..wh..opq", "").file("d/after", ""));
    CHECK(site.listing() == std::set<std::string>{"d", "d/after", "d/both", "d/sub", "d/sub/new", "top"});
    CHECK(site.text("d/both") == "new");
    site.apply(TarBuilder().file("kept", "").file(".wh..wh..opq", ""));
    CHECK(site.listing() == std::set<std::string>{"kept"});
  }
}

TEST_CASE("a whiteout hides nothing of its own layer, in any order") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("f", "old").file("d/old", "").file("g", "old"));
  site.apply(TarBuilder()
                 .file(".wh.f", "")
                 .file("f", "new")
                 .file("d/new", "")
                 .file(".wh.d", "")
                 .file("g", "new")
                 .file(".wh.g", ""));
  CHECK(site.listing() == std::set<std::string>{"d", "d/new", "f", "g"});
  CHECK(site.text("f") == "new");
  CHECK(site.text("g") == "new");
}

TEST_CASE("a whiteout in the first layer hides nothing of that layer") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("a", "").file(".wh.a", "").file("d/x", "").file("d/.wh..wh..opq", ""));
  CHECK(site.listing() == std::set<std::string>{"a", "d", "d/x"});
}

TEST_CASE("malformed whiteout names are refused") {
  for (const std::string name : {".wh.", ".wh..", ".wh...", "d/.wh.", ".wh.a/b", "d/.wh.a/b", ".wh..wh..opq/x"}) {
    CAPTURE(name);
    Site site(Lookup::Kernel);
    CHECK(site.failure_of(TarBuilder().file("d/keep", "").file(name, "")) == ErrorCode::Hostile);
    CHECK(site.has("d/keep"));
  }
  Site site(Lookup::Kernel);
  CHECK(site.failure_of(TarBuilder().directory(".wh.dir")) == ErrorCode::Hostile);
  CHECK(site.failure_of(TarBuilder().file("x", "").hardlink("y", ".wh.x")) == ErrorCode::Hostile);
}

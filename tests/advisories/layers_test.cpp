#include <doctest/doctest.h>

#include <filesystem>

#include "archive/layer_extractor.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

// What layers did to other programs, by the names under which it became known.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// A directory to unpack into, called "root", beside "root-evil" and "secret".
class Site {
 public:
  Site() {
    write_text(path("secret"), "nobody's business");
    fs::create_directory(path("root-evil"));
    fs::create_directory(path("root"));
  }
  [[nodiscard]] fs::path path(const std::string& name) const { return directory_.path() / name; }

  /// True if the layers are refused as hostile.
  [[nodiscard]] bool refuses(const std::vector<TarBuilder>& layers) {
    LayerExtractor extractor(path("root"));
    try {
      for (const TarBuilder& layer : layers) {
        StringSource source(layer.tar());
        extractor.apply(source, "layer");
      }
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Hostile);
      return true;
    }
    return false;
  }
  /// Nothing was made or changed beside the root.
  [[nodiscard]] bool is_outside_untouched() const {
    std::size_t entries = 0;
    for (const auto& entry : fs::directory_iterator(directory_.path())) entries += entry.exists() ? 1 : 0;
    return entries == 3 && fs::is_empty(path("root-evil")) && read_text(path("secret")) == "nobody's business" &&
           fs::hard_link_count(path("secret")) == 1;
  }
  [[nodiscard]] bool holds(const std::string& name) const {
    return fs::exists(fs::symlink_status(path("root") / name));
  }

 private:
  TempDirectory directory_ = temp_directory();
};

}  // namespace

TEST_CASE("CVE-2024-0406: member names that lead out of the root are refused, not shortened") {
  for (const char* name : {"../evil", "a/../../evil", "a/b/../../../evil", "/../evil"}) {
    CAPTURE(name);
    Site site;
    CHECK(site.refuses({TarBuilder().file(name, "evil")}));
    CHECK(site.is_outside_untouched());
  }
  for (const char* name : {"/tmp/ociferry-evil", "..\\evil"}) {  // no more than odd
    CAPTURE(name);
    Site site;
    CHECK_FALSE(site.refuses({TarBuilder().file(name, "odd")}));
    CHECK(site.holds(name + (*name == '/' ? 1 : 0)));
    CHECK(site.is_outside_untouched());
    CHECK_FALSE(fs::exists("/tmp/ociferry-evil"));
  }
}

TEST_CASE("CVE-2021-21272: symbolic links that lead out are not created, and hard links that lead out are refused") {
  Site site;
  CHECK_FALSE(site.refuses({TarBuilder().symlink("up", "../secret").symlink("abs", "/etc/passwd")}));
  CHECK_FALSE(site.holds("up"));
  CHECK_FALSE(site.holds("abs"));
  Site other;
  CHECK(other.refuses({TarBuilder().hardlink("stolen", "../secret")}));
  CHECK(other.is_outside_untouched());
}

TEST_CASE("CVE-2026-29064, GHSA-hcm4-6hpj-vghm: nothing is written through a symbolic link") {
  Site site;
  CHECK(site.refuses({TarBuilder().symlink("way", "elsewhere").file("way/evil", "evil")}));
  Site later;  // nor one that an earlier layer made
  CHECK(later.refuses({TarBuilder().directory("real").symlink("way", "real"), TarBuilder().file("way/evil", "evil")}));
  CHECK_FALSE(later.holds("real/evil"));
}

TEST_CASE("CVE-2026-42497: a link that replaces a directory does not redirect later members") {
  Site site;
  CHECK(site.refuses({TarBuilder().directory("a").symlink("a", "../root-evil").file("a/evil", "evil")}));
  CHECK(site.is_outside_untouched());
  Site chain;  // link by link, each of them inside
  CHECK(chain.refuses({TarBuilder().directory("a/b").symlink("a/b/up", "..").file("a/b/up/evil", "evil")}));
  CHECK_FALSE(chain.holds("a/evil"));
}

TEST_CASE("CVE-2021-29136: a layer cannot replace the root by a link") {
  for (const char* root : {".", "./"}) {
    Site site;
    CHECK(site.refuses({TarBuilder().member({.name = root, .type = '2', .link = "../root-evil"})}));
    CHECK(fs::is_directory(fs::symlink_status(site.path("root"))));
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("CVE-2026-50163, GHSA-fxhp-mv3v-67qp: a hard link's target is never looked for in the working directory") {
  Site site;
  const fs::path before = fs::current_path();
  fs::current_path(site.path(""));
  const bool refused = site.refuses({TarBuilder().hardlink("stolen", "secret")});
  fs::current_path(before);
  CHECK(refused);
  CHECK(site.is_outside_untouched());
}

TEST_CASE("GHSA-j6hm-v3x2-qv6j: a sibling whose name begins like the root's is not in it") {
  Site site;
  CHECK_FALSE(site.refuses({TarBuilder().symlink("way", "../root-evil")}));
  CHECK_FALSE(site.holds("way"));
  Site named;
  CHECK(named.refuses({TarBuilder().file("../root-evil/file", "evil")}));
  CHECK(named.is_outside_untouched());
}

TEST_CASE("CVE-2016-5418: a hard link with content is refused before anything is written to its target") {
  Site site;
  CHECK(site.refuses(
      {TarBuilder().file("target", "good").member({.name = "x", .type = '1', .link = "target", .size = 4}, "evil")}));
  CHECK(read_text(site.path("root") / "target") == "good");
}

TEST_CASE("CVE-2025-62518: a member with two different sizes is refused") {
  const TarBuilder hidden = TarBuilder().file("hidden", "evil");
  Site site;
  CHECK(site.refuses({TarBuilder()
                          .pax(pax_record("size", std::to_string(hidden.members().size())))
                          .member({.name = "outer", .size = 0})
                          .raw(hidden.members())}));
  CHECK_FALSE(site.holds("hidden"));
  Site larger;
  CHECK(larger.refuses({TarBuilder().pax(pax_record("size", "0")).file("outer", hidden.members())}));
}

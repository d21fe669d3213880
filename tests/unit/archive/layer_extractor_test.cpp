#include "archive/layer_extractor.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <set>

#include "ociferry/error.hpp"
#include "packing.hpp"
#include "stream/memory.hpp"
#include "support/sparse_members.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

using Lookup = ConfinedDirectory::Lookup;

/// An empty directory to extract into, beside things that must stay as they are.
class Site {
 public:
  explicit Site(Lookup lookup) : lookup_(lookup) {
    write_text(outside() / "sentinel", "untouched");
    fs::create_directory(root());
    extractor_.emplace(root(), lookup_);
  }
  [[nodiscard]] fs::path root() const { return temporary_.path() / "root"; }
  [[nodiscard]] fs::path outside() const { return temporary_.path() / "outside"; }
  [[nodiscard]] LayerExtractor& extractor() { return *extractor_; }

  void apply(const TarBuilder& layer) {
    StringSource source(layer.tar());
    extractor_->apply(source, "layer");
  }
  /// The code that applying `layer` fails with; Internal if it succeeds.
  ErrorCode failure_of(const TarBuilder& layer) {
    try {
      apply(layer);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;
  }
  [[nodiscard]] std::string text(const std::string& path) const { return read_text(root() / path); }
  [[nodiscard]] bool has(const std::string& path) const { return fs::exists(fs::symlink_status(root() / path)); }
  /// Everything below the root, in order.
  [[nodiscard]] std::set<std::string> listing() const {
    std::set<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      paths.insert(entry.path().lexically_relative(root()).string());
    }
    return paths;
  }
  /// True if nothing but the root has changed.
  [[nodiscard]] bool is_outside_untouched() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(temporary_.path())) {
      const std::string name = entry.path().lexically_relative(temporary_.path()).string();
      if (!name.starts_with("root/")) names.insert(name);
    }
    return names == std::set<std::string>{"outside", "outside/sentinel", "root"} &&
           read_text(outside() / "sentinel") == "untouched" && fs::hard_link_count(outside() / "sentinel") == 1;
  }

 private:
  Lookup lookup_;
  TempDirectory temporary_ = temp_directory();
  std::optional<LayerExtractor> extractor_;
};

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// Sets the process's umask as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

constexpr Lookup kLookups[] = {Lookup::Kernel, Lookup::Walk};

}  // namespace

TEST_CASE("a layer's files, directories and links are put where they belong") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder()
                   .directory("./")
                   .directory("./empty/")
                   .file("./config/app.yml", "a: 1\n")
                   .symlink("config/link", "../other")
                   .hardlink("same", "./config/app.yml")
                   .file("other", ""));
    CHECK(site.listing() == std::set<std::string>{"config", "config/app.yml", "config/link", "empty", "other", "same"});
    CHECK(site.text("config/app.yml") == "a: 1\n");
    CHECK(fs::read_symlink(site.root() / "config/link") == "../other");
    CHECK(fs::equivalent(site.root() / "same", site.root() / "config/app.yml"));
    CHECK(site.extractor().report().files == 3);
    CHECK(site.extractor().report().bytes == 5);
    CHECK(site.is_outside_untouched());
  }
}

TEST_CASE("modes are imgpkg's, without setuid and less the umask; the time is the member's") {
  const Umask umask(022);
  Site site(Lookup::Kernel);
  site.apply(TarBuilder()
                 .file("owner-only", "", 0600, 1'000'000'000)
                 .file("program", "", 0700)
                 .file("shared", "", 0640)
                 .file("setuid", "", 06755)
                 .file("read-only", "content", 0400));
  CHECK(mode_of(site.root() / "owner-only") == 0644);
  CHECK(mode_of(site.root() / "program") == 0755);
  CHECK(mode_of(site.root() / "shared") == 0640);
  CHECK(mode_of(site.root() / "setuid") == 0755);
  CHECK(mode_of(site.root() / "read-only") == 0444);
  struct stat status {};
  REQUIRE(::stat((site.root() / "owner-only").c_str(), &status) == 0);
  CHECK(status.st_mtime == 1'000'000'000);
}

TEST_CASE("directories have their modes, whichever layer gives them, and their owner can always write") {
  const Umask umask(022);
  Site site(Lookup::Kernel);
  const auto directory = [](const std::string& name, unsigned mode) {
    return RawTarHeader{.name = name, .type = '5', .mode = mode};
  };
  site.apply(TarBuilder()
                 .member(directory("group", 0750))
                 .member(directory("closed", 0555))
                 .file("closed/file", "content")
                 .member(directory("owner", 0700))
                 .member(directory("sticky", 07777))
                 .file("late/file", "")
                 .member(directory("late", 0710)));
  CHECK(mode_of(site.root() / "group") == 0750);
  CHECK(mode_of(site.root() / "closed") == 0755);
  CHECK(mode_of(site.root() / "owner") == 0755);
  CHECK(mode_of(site.root() / "sticky") == 0755);
  CHECK(mode_of(site.root() / "late") == 0710);
  site.apply(TarBuilder().member(directory("group", 0711)).symlink("elsewhere", "closed"));
  CHECK(mode_of(site.root() / "group") == 0711);
  site.apply(TarBuilder().member(directory("elsewhere", 0700)));
  CHECK(mode_of(site.root() / "elsewhere") == 0755);
  CHECK(mode_of(site.root() / "closed") == 0755);
}

TEST_CASE("an umask that locks the owner out does not keep directories from being filled") {
  const Umask umask(0777);
  Site site(Lookup::Walk);
  site.apply(TarBuilder().file("a/b/c", "deep"));
  CHECK(mode_of(site.root() / "a/b") == 0700);
  CHECK(site.has("a/b/c"));
}

TEST_CASE("no member gets out by its name") {
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

TEST_CASE("a link planted by someone else is not followed either") {
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

TEST_CASE("hard links lead only to files that the image holds") {
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

TEST_CASE("a hard link to a symbolic link is that link again, unless it would lead out from its place") {
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

TEST_CASE("a hard link to what was left out is left out too, and counted") {
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

TEST_CASE("what AUFS keeps for itself is passed over; its whiteouts, which are hard links to one another, are not") {
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

TEST_CASE("files with holes keep them, in all forms, at the end too") {
  const Sparse file{.segments = {{1 << 20, 4}, {2 << 20, 0}}, .data = "data", .size = 4 << 20};
  std::string content(4 << 20, '\0');
  content.replace(1 << 20, 4, "data");
  for (const SparseForm form : kSparseForms) {
    Site site(Lookup::Kernel);
    site.apply(sparse_member("sparse", file, form).file("after", "x"));
    CHECK(site.text("sparse") == content);
    CHECK(site.text("after") == "x");
    struct stat status {};
    REQUIRE(::stat((site.root() / "sparse").c_str(), &status) == 0);
    CHECK(status.st_blocks * 512 < 1 << 20);
    CHECK(site.extractor().report().bytes == (4 << 20) + 1);
  }
}

TEST_CASE("bytes behind the ends of layers are counted") {
  Site site(Lookup::Kernel);
  for (int i = 0; i < 2; ++i) {
    StringSource source(TarBuilder().file("a", "x").tar() + "junk");
    site.extractor().apply(source, "layer");
  }
  CHECK(site.extractor().report().behind_end == 8);
}

TEST_CASE("replacing one name of a file leaves its other names alone") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("one", "old").hardlink("two", "one").file("one", "new"));
  CHECK(site.text("one") == "new");
  CHECK(site.text("two") == "old");
}

TEST_CASE("devices and fifos are left out and counted") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder()
                 .member({.name = "char", .type = '3'})
                 .member({.name = "block", .type = '4'})
                 .member({.name = "fifo", .type = '6'}));
  CHECK(site.listing().empty());
  CHECK(site.extractor().report().skipped_special == 3);
}

TEST_CASE("of a file that a layer holds twice the last one stays") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder().file("a", "first, and longer").file("a", "second"));
  CHECK(site.text("a") == "second");
}

TEST_CASE("a later layer may turn files, links and directories into one another") {
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder().file("file", "").symlink("link", "file").file("dir/sub/leaf", ""));
    site.apply(
        TarBuilder().directory("file").file("file/x", "1").directory("link").file("link/x", "2").file("dir", "3"));
    CHECK(site.listing() == std::set<std::string>{"dir", "file", "file/x", "link", "link/x"});
    CHECK(site.text("dir") == "3");
  }
}

TEST_CASE("a layer that contradicts itself is refused") {
  Site site(Lookup::Kernel);
  CHECK(site.failure_of(TarBuilder().file("a", "").file("a/b", "")) == ErrorCode::Hostile);
  Site other(Lookup::Kernel);
  CHECK(other.failure_of(TarBuilder().file("d/x", "").file("d", "")) == ErrorCode::Hostile);
  CHECK(other.failure_of(TarBuilder().file(".", "")) == ErrorCode::Hostile);
}

TEST_CASE("whiteouts hide what the layers below left") {
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

TEST_CASE("an opaque directory shows only what its own layer holds") {
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

TEST_CASE("a whiteout spares its own layer, whichever comes first") {
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

TEST_CASE("names that no whiteout has are refused") {
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

TEST_CASE("very deep directories are made and removed") {
  std::string deep;
  while (deep.size() < 2000) deep += "directory/";
  for (const Lookup lookup : kLookups) {
    Site site(lookup);
    site.apply(TarBuilder().gnu_long('L', deep + "leaf").file("x", "bottom"));
    CHECK(site.has("directory"));
    site.apply(TarBuilder().file(".wh.directory", ""));
    CHECK(fs::is_empty(site.root()));
  }
}

TEST_CASE("only an empty directory is extracted into") {
  const TempDirectory temporary = temp_directory();
  write_text(temporary.path() / "x", "");
  CHECK_THROWS_WITH_AS(LayerExtractor{temporary.path()}, doctest::Contains("not empty"), Error);
  CHECK_THROWS_AS(LayerExtractor{temporary.path() / "absent"}, Error);
}

TEST_CASE("an extraction ends when asked to stop") {
  Site site(Lookup::Kernel);
  std::stop_source stop;
  stop.request_stop();
  StringSource source(TarBuilder().file("x", "content").tar());
  try {
    site.extractor().apply(source, "layer", stop.get_token());
    FAIL("it did not stop");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
  CHECK(site.listing().empty());
}

TEST_CASE("damage found while extracting names the layer") {
  Site site(Lookup::Kernel);
  const std::string whole = packed(TarBuilder().file("x", random_bytes(50'000, 1)).tar(), "gzip");
  StringSource source(whole.substr(0, whole.size() / 2));
  try {
    site.extractor().apply(source, "the third layer");
    FAIL("it did not notice");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK(error.message().find("the third layer: unpacking failed") != std::string::npos);
  }
}

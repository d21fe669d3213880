#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>

#include "extraction_site.hpp"
#include "packing.hpp"
#include "support/sparse_members.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

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

TEST_CASE("directories are filled even if the umask denies the owner access") {
  const Umask umask(0777);
  Site site(Lookup::Walk);
  site.apply(TarBuilder().file("a/b/c", "deep"));
  CHECK(mode_of(site.root() / "a/b") == 0700);
  CHECK(site.has("a/b/c"));
}

TEST_CASE("holes of sparse files are kept in all tar formats, also at the end") {
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

TEST_CASE("devices and fifos are left out and counted") {
  Site site(Lookup::Kernel);
  site.apply(TarBuilder()
                 .member({.name = "char", .type = '3'})
                 .member({.name = "block", .type = '4'})
                 .member({.name = "fifo", .type = '6'}));
  CHECK(site.listing().empty());
  CHECK(site.extractor().report().skipped_special == 3);
}

TEST_CASE("the last one of two members with the same name stays") {
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

TEST_CASE("layers are extracted into an empty directory only") {
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

#include "archive_files.hpp"
#include "layout/foreign/file_tree.hpp"
#include "medium/file_medium.hpp"
#include "support/sparse_members.hpp"

#include <fcntl.h>

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A tree over a tar that lies in a file.
class Tar {
 public:
  explicit Tar(const std::string& content)
      : file_(content), tree_(std::make_unique<FileMedium>("a.tar", open_file(file_.path, O_RDONLY))) {}
  const TarTree* operator->() const { return &tree_; }

 private:
  ArchiveFile file_;
  TarTree tree_;
};

std::string why_refused(const std::string& tar) {
  try {
    const Tar tree(tar);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("files of a tar are found by name and read in place, in any order and with ./ before names") {
  const Tar tar(TarBuilder()
                    .directory("./")
                    .file("./b/two", "2222")
                    .pax(pax_record("path", "./long/" + std::string(200, 'n')) + pax_record("size", "3"))
                    .file("short", "333")
                    .gnu_long('L', "gnu/" + std::string(150, 'g'))
                    .file("x", "4")
                    .file("one", std::string(1000, '1'))
                    .tar() +
                std::string(9000, '\0'));
  CHECK(tar->size_of("b/two") == 4);
  CHECK(tar->read("b/two", 100) == "2222");
  CHECK(tar->read("long/" + std::string(200, 'n'), 100) == "333");
  CHECK(tar->read("gnu/" + std::string(150, 'g'), 100) == "4");
  CHECK(tar->read("one", 1000) == std::string(1000, '1'));
  CHECK_FALSE(tar->size_of("."));
  CHECK_FALSE(tar->size_of("two"));
  CHECK(holds(tar->describe("b/two"), "a.tar: b/two at offset 1024"));
  CHECK_THROWS_AS(static_cast<void>(tar->read("one", 999)), Error);
  CHECK_THROWS_AS(static_cast<void>(tar->open("absent", 0)), Error);
}

TEST_CASE("links between members are followed, but not those that leave the tar or form a cycle") {
  const Tar tar(TarBuilder()
                    .file("a/file", "content")
                    .symlink("b/link", "../a/file")
                    .hardlink("hard", "a/file")
                    .symlink("again", "b/link")
                    .symlink("out", "../../etc/passwd")
                    .symlink("absolute", "/etc/passwd")
                    .symlink("circle", "elcric")
                    .symlink("elcric", "circle")
                    .tar());
  for (const char* name : {"b/link", "hard", "again"}) CHECK(tar->read(name, 100) == "content");
  for (const char* name : {"out", "absolute", "circle"}) CHECK_FALSE(tar->size_of(name));
}

TEST_CASE("links to directories of the tar are followed, also in chains, and no others") {
  const Tar tar(TarBuilder()
                    .directory("store/")
                    .directory("store/blobs/")
                    .file("store/blobs/sha256/one", "content")
                    .symlink("blobs", "store/blobs")
                    .symlink("a/blobs", "../blobs/")
                    .symlink("a/again", "./blobs")
                    .symlink("blobs2/sha256", "../blobs/sha256")
                    .symlink("up", "..")
                    .symlink("out", "../../etc")
                    .symlink("absolute", "/etc")
                    .symlink("circle", "circle/x")
                    .symlink("one/two", "../two/one")
                    .symlink("two/one", "../one/two")
                    .tar());
  for (const char* name : {"blobs/sha256/one", "a/blobs/sha256/one", "a/again/sha256/one", "blobs2/sha256/one"}) {
    CAPTURE(name);
    CHECK(tar->read(name, 100) == "content");
  }
  CHECK(holds(tar->describe("blobs/sha256/one"), "at offset"));
  for (const char* name : {"blobs", "blobs/sha256", "blobs/sha256/two", "up/passwd", "out/passwd", "absolute/passwd",
                           "circle/x", "one/two/three"}) {
    CAPTURE(name);
    CHECK_FALSE(tar->size_of(name));
  }
}

TEST_CASE("a duplicate name is refused, for any type and spelling") {
  for (const char* other : {"a", "./a"}) {
    CHECK(holds(why_refused(TarBuilder().file("a", "x").file(other, "x").tar()), "'a' occurs twice"));
    CHECK(holds(why_refused(TarBuilder().file("a", "x").symlink(other, "b").tar()), "'a' occurs twice"));
  }
}

TEST_CASE("names that lead out, unknown types and two sizes are refused; other unusual names are accepted") {
  for (const char* name : {"../a", "a/../b", "/.."}) {
    CHECK(holds(why_refused(TarBuilder().file(name, "x").tar()), "member '"));
  }
  for (const char* name : {"/a/b", "a//b", "a/./b"}) {
    CHECK(Tar(TarBuilder().file(name, "x").tar())->read("a/b", 1) == "x");
  }
  CHECK(holds(why_refused(TarBuilder().member({.name = "a", .type = 'Z'}).tar()), "has type 90"));
  CHECK(holds(why_refused(TarBuilder().pax(pax_record("size", "4")).file("a", "x").tar()), "two sizes"));
  CHECK(holds(why_refused(TarBuilder().pax(pax_record("path", "b"), 'g').file("a", "x").tar()), "a global header"));
}

TEST_CASE("a sparse file cannot be read in place, and all other files of its tar can") {
  const Tar tar(sparse_member("sparse", {{{100, 1}}, "x", 101}, SparseForm::Gnu).file("other", "y").tar());
  CHECK(tar->read("other", 1) == "y");
  CHECK_THROWS_WITH_AS(static_cast<void>(tar->open("sparse", 0)), doctest::Contains("stored with holes"), Error);
}

TEST_CASE("a size beyond the file is refused without reserving memory") {
  CHECK(holds(why_refused(TarBuilder().member({.name = "a", .size_field = "77777777777"}).tar()), "cut short"));
  CHECK(holds(why_refused(TarBuilder().pax(pax_record("size", "9223372036854775807")).file("a", "").tar()),
              "unpacks to more bytes than"));
}

TEST_CASE("a tar that is cut within a member, or followed by other bytes, is refused") {
  const std::string good = TarBuilder().file("a", "content").file("b", "more").tar();
  CHECK(why_refused(good) == "nothing");
  for (const std::size_t size : {100U, 512U, 515U, 1030U, 1024U + 500U, 1536U, 1539U}) {
    INFO("cut at " << size);
    CHECK(why_refused(good.substr(0, size)) != "nothing");
  }
  CHECK(holds(why_refused(good + "x"), "other bytes follow"));
  CHECK(holds(why_refused(good + good), "other bytes follow"));
}

TEST_CASE("a tar without zero blocks at its end is read, and mentioned when a blob is missing in it") {
  const std::string members = TarBuilder().file("a", "content").members();
  const Tar tar(members);
  CHECK(tar->read("a", 100) == "content");
  CHECK(holds(tar->describe("b"), "it may be cut short"));
  const Tar whole(members + std::string(1024, '\0'));
  CHECK_FALSE(holds(whole->describe("b"), "cut short"));
}

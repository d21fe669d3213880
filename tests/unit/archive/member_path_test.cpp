#include "archive/member_path.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

TEST_CASE("a member's path is normalized, and leads below the root") {
  CHECK(member_path("a/b") == "a/b");
  CHECK(member_path("./a/b/") == "a/b");
  for (const char* root : {".", "./", "/", "//", "./.", "/./"}) CHECK(member_path(root) == ".");
  for (const char* name : {"a/b", "/a/b", "//a/b", "a//b", "a/./b", "././a/b", ".//a//b/", "/./a/b/."}) {
    CHECK(member_path(name) == "a/b");
  }
  CHECK(member_path("...") == "...");
  CHECK(member_path("a/.hidden/..x") == "a/.hidden/..x");
  CHECK(member_path("dev-disk-by\\x2dlabel.mount") == "dev-disk-by\\x2dlabel.mount");
  CHECK(member_path("..\\..\\x") == "..\\..\\x");
  CHECK(member_path(std::string(255, 'a')) == std::string(255, 'a'));
}

TEST_CASE("paths that lead out of the root, or that no file can have, are refused") {
  for (const char* name : {"", "..", "../a", "a/..", "a/../b", "./..", "/..", "/../a", "//..//a"}) {
    CAPTURE(std::string(name));
    CHECK_THROWS_AS(static_cast<void>(member_path(name)), Error);
  }
  CHECK_THROWS_AS(static_cast<void>(member_path(std::string_view("a\0b", 3))), Error);
  CHECK_THROWS_AS(static_cast<void>(member_path(std::string(256, 'a'))), Error);
  CHECK_THROWS_AS(static_cast<void>(member_path(std::string(4097, '/'))), Error);
}

TEST_CASE("a link stays inside if its '..' come first and do not lead out") {
  CHECK(link_stays_inside("a", "b"));
  CHECK(link_stays_inside("a/b/c", "../../d/e"));
  CHECK(link_stays_inside("a/b", ".."));
  CHECK(link_stays_inside("a/b", "./.././c/"));
  CHECK(link_stays_inside("a", "..."));
  CHECK_FALSE(link_stays_inside("a", ""));
  CHECK_FALSE(link_stays_inside("a", "/etc"));
  CHECK_FALSE(link_stays_inside("a", ".."));
  CHECK_FALSE(link_stays_inside("a/b", "../../c"));
  CHECK_FALSE(link_stays_inside("a/b", "c/../../../d"));
  // c may itself be a link to somewhere less deep.
  CHECK_FALSE(link_stays_inside("a/b", "c/.."));
}

TEST_CASE("paths are split and joined") {
  CHECK(parent_path("a/b/c") == "a/b");
  CHECK(parent_path("a").empty());
  CHECK(file_name("a/b") == "b");
  CHECK(file_name("a") == "a");
  CHECK(join_path("", "a") == "a");
  CHECK(join_path("a/b", "c") == "a/b/c");
}

TEST_CASE("AUFS metadata is distinguished from whiteouts") {
  for (const char* name : {".wh..wh.aufs", ".wh..wh.plnk", ".wh..wh.plnk/1.2", "a/.wh..wh.orph/b/c", ".wh..wh.a"}) {
    CAPTURE(std::string(name));
    CHECK(is_aufs_own(name));
  }
  for (const char* name : {".wh..wh..opq", "a/.wh..wh..opq", ".wh.a", "a.wh..wh.b", "a", ".wh..wh..opq/a"}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(is_aufs_own(name));
  }
}

TEST_CASE("whiteouts are distinguished from files") {
  CHECK_FALSE(parse_whiteout("a/b").has_value());
  CHECK_FALSE(parse_whiteout("a/x.wh.b").has_value());
  CHECK(parse_whiteout("a/.wh.b")->directory == "a");
  CHECK(parse_whiteout("a/.wh.b")->name == "b");
  CHECK(parse_whiteout(".wh..hidden")->name == ".hidden");
  CHECK(parse_whiteout(".wh..wh..opq")->directory.empty());
  CHECK_FALSE(parse_whiteout("d/.wh..wh..opq")->name.has_value());
  for (const char* name : {".wh.", ".wh..", ".wh...", ".wh..wh.a", ".wh.a/b", "c/.wh.a/b"}) {
    CAPTURE(std::string(name));
    CHECK_THROWS_AS(static_cast<void>(parse_whiteout(name)), Error);
  }
}

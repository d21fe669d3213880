#include "archive/file_set.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "support/error_of.hpp"
#include "support/temp_tree.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNone = {};
const std::vector<std::string> kGit = {".git"};

std::vector<std::string> names(const std::vector<FileEntry>& files) {
  std::vector<std::string> out;
  for (const FileEntry& file : files) out.push_back(file.name);
  return out;
}

}  // namespace

TEST_CASE("files are listed depth first, by the bytes of their names, a directory before its content") {
  TempTree tree;
  tree.file("b", "").file("a/f", "").file("a-b", "").file("a.d/z", "").file("B", "").file("é", "").directory("empty");
  CHECK(names(collect_files({tree.path()}, kNone)) ==
        std::vector<std::string>{".", "B", "a", "a/f", "a-b", "a.d", "a.d/z", "b", "empty", "é"});
}

TEST_CASE("arguments keep their order and are not merged") {
  TempTree tree;
  tree.file("x/1", "").file("y/0", "").file("z", "");
  CHECK(names(collect_files({tree.path("y"), tree.path("z"), tree.path("x/")}, kNone)) ==
        std::vector<std::string>{".", "0", "z", ".", "1"});
  CHECK(collect_files({}, kNone).empty());
}

TEST_CASE("entries carry type, mode, size and the mode of their argument") {
  TempTree tree;
  tree.file("root/run", "12345", 0754).directory("root/sub", 01711).directory("root", 0750);
  const auto files = collect_files({tree.path("root"), tree.path("root/run")}, kNone);
  REQUIRE(names(files) == std::vector<std::string>{".", "run", "sub", "run"});
  CHECK(files[0].type == TarType::Directory);
  CHECK(files[0].mode == 0750);
  CHECK(files[0].size == 0);
  CHECK(files[1].type == TarType::File);
  CHECK(files[1].mode == 0754);
  CHECK(files[1].root_mode == 0750);
  CHECK(files[1].size == 5);
  CHECK(files[1].path == tree.path("root") / "run");
  CHECK(files[2].mode == 01711);
  CHECK(files[2].root_mode == 0750);
  CHECK(files[3].root_mode == 0754);
}

TEST_CASE("an exclusion drops exactly its path, relative to the argument, and everything below") {
  TempTree tree;
  tree.file(".git/g", "").file("sub/.git/g", "").file("sub/x", "").file("x", "");
  const auto excluding = [&](const std::vector<std::string>& exclusions) {
    return names(collect_files({tree.path()}, exclusions));
  };
  CHECK(excluding(kGit) == std::vector<std::string>{".", "sub", "sub/.git", "sub/.git/g", "sub/x", "x"});
  CHECK(excluding({".git", "sub"}) == std::vector<std::string>{".", "x"});
  CHECK(excluding({".git", "sub/.git", "x"}) == std::vector<std::string>{".", "sub", "sub/x"});
  CHECK(excluding({"./x", "*", ".git", "sub/"}).back() == "x");
  CHECK(excluding({"."}).empty());
  CHECK(collect_files({tree.path("x")}, {"x"}).empty());
}

TEST_CASE("links and other special files are refused, wherever they are") {
  TempTree tree;
  tree.file("real", "x");
  fs::create_symlink("real", tree.path("link"));
  CHECK(usage_error([&] { (void)collect_files({tree.path()}, kNone); }) ==
        text::cat("Expected file '", tree.path("link").string(), "' to be a regular file"));
  CHECK(usage_error([&] { (void)collect_files({tree.path("link")}, kNone); }) ==
        text::cat("Expected file '", tree.path("link").string(), "' to be a regular file"));
  CHECK(names(collect_files({tree.path()}, {"link"})) == std::vector<std::string>{".", "real"});
  fs::remove(tree.path("link"));
  REQUIRE(::mkfifo(tree.path("pipe").c_str(), 0600) == 0);
  CHECK(usage_error([&] { (void)collect_files({tree.path()}, kNone); }).find("/pipe' to be a regular file") !=
        std::string::npos);
}

TEST_CASE("an argument that does not exist is named") {
  TempTree tree;
  try {
    (void)collect_files({tree.path("nothing")}, kNone);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::NotFound);
    CHECK(error.message().find(tree.path("nothing").string()) != std::string::npos);
  }
}

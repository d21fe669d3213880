#include "archive/file_set.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "temp_tree.hpp"

using namespace ociferry;

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNone = {};
const std::vector<std::string> kGit = {".git"};

std::vector<std::string> names(const std::vector<FileEntry>& files) {
  std::vector<std::string> out;
  for (const FileEntry& file : files) out.push_back(file.name);
  return out;
}

std::string usage_error(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    return error.message();
  }
  return "";
}

std::string bundle_error(const std::vector<fs::path>& arguments, const std::vector<std::string>& exclusions = kGit) {
  return usage_error([&] { check_bundle_input(arguments, exclusions); });
}

std::string image_error(const std::vector<fs::path>& arguments, const std::vector<std::string>& exclusions = kGit) {
  return usage_error([&] { check_image_input(arguments, exclusions); });
}

std::string absolute_text(const fs::path& path) { return fs::absolute(path).lexically_normal().string(); }

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

TEST_CASE("one .imgpkg with a lock file directly below an argument makes a bundle") {
  TempTree tree;
  tree.file("b/.imgpkg/images.yml", "anything").file("b/config.yml", "").file("other/file", "");
  CHECK(bundle_error({tree.path("b")}) == "");
  CHECK(bundle_error({tree.path("b/")}) == "");
  CHECK(bundle_error({tree.path("other"), tree.path("b")}) == "");
}

TEST_CASE("input without .imgpkg is no bundle") {
  TempTree tree;
  tree.file("config.yml", "");
  const std::string expected = "This directory is not a bundle. It is missing .imgpkg/images.yml";
  CHECK(bundle_error({tree.path()}) == expected);
  CHECK(bundle_error({}) == expected);
}

TEST_CASE("several .imgpkg are refused, unless all but one are excluded") {
  TempTree tree;
  tree.file(".imgpkg/images.yml", "").file("vendor/.imgpkg/images.yml", "").file(".git/.imgpkg/images.yml", "");
  CHECK(bundle_error({tree.path()}) ==
        text::cat("This directory contains multiple bundle definitions. Only a single instance of .imgpkg/images.yml "
                  "can be provided and instead these were provided ",
                  absolute_text(tree.path(".imgpkg")), ", ", absolute_text(tree.path("vendor/.imgpkg"))));
  CHECK(bundle_error({tree.path()}, {".git", "vendor"}) == "");
}

TEST_CASE("an .imgpkg that is deeper, no directory, or the argument itself is refused") {
  TempTree tree;
  tree.file("deep/sub/.imgpkg/images.yml", "").file("flat/.imgpkg", "");
  CHECK(bundle_error({tree.path("deep")}) ==
        text::cat("Expected '.imgpkg' directory, to be a direct child of one of: ", tree.path("deep").string(),
                  "; was ", absolute_text(tree.path("deep/sub/.imgpkg"))));
  for (const char* argument : {"flat", "deep/sub/.imgpkg", "deep/sub/.imgpkg/"}) {
    CAPTURE(argument);
    CHECK(bundle_error({tree.path(argument)}).find("Expected '.imgpkg' directory") == 0);
  }
}

TEST_CASE("an .imgpkg without lock file is refused") {
  TempTree tree;
  tree.file("a/.imgpkg/other.yml", "").directory("b/.imgpkg/images.yml");
  for (const char* argument : {"a", "b"}) {
    CHECK(bundle_error({tree.path(argument)}) ==
          text::cat("The bundle expected .imgpkg/images.yml to exist, but it wasn't found in the path ",
                    absolute_text(tree.path(argument) / ".imgpkg/images.yml")));
  }
}

TEST_CASE("the .imgpkg directory of a bundle cannot be excluded") {
  TempTree tree;
  tree.file(".imgpkg/images.yml", "");
  CHECK(bundle_error({tree.path()}, {".imgpkg"}) == "A bundle needs its .imgpkg, so it cannot be excluded");
  CHECK(bundle_error({tree.path()}, {"x", ".imgpkg/images.yml"}) ==
        "A bundle needs its .imgpkg/images.yml, so it cannot be excluded");
}

TEST_CASE("a path in two arguments is refused, unless it is excluded") {
  TempTree tree;
  tree.file("a/.imgpkg/images.yml", "").file("a/.git/g", "").file("a/c", "").file("b/c", "").file("b/.git/g", "");
  const std::string duplicates =
      text::cat("Found duplicate paths: ", tree.path("a/c").string(), ", ", tree.path("b/c").string());
  CHECK(bundle_error({tree.path("a"), tree.path("b")}) == duplicates);
  CHECK(bundle_error({tree.path("a"), tree.path("b")}, {".git", "c"}) == "");
  CHECK(image_error({tree.path("b"), tree.path("b/c")}) ==
        text::cat("Found duplicate paths: ", tree.path("b/c").string(), ", ", tree.path("b/c").string()));
}

TEST_CASE("an image is refused only if its files are those of a bundle") {
  TempTree tree;
  tree.file("bundle/.imgpkg/images.yml", "").file("no-lock/.imgpkg/x", "").file("plain/x", "");
  CHECK(image_error({tree.path("bundle")}) ==
        "Images cannot be pushed with '.imgpkg' directories, consider using --bundle (-b) option");
  CHECK(image_error({tree.path("bundle")}, {".imgpkg"}) == "");
  CHECK(image_error({tree.path("no-lock")}) == "");
  CHECK(image_error({tree.path()}) == "");  // two of them, neither directly below the argument
  CHECK(image_error({tree.path("plain")}) == "");
}

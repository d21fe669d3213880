#include "bundle/bundle_input.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/error_of.hpp"
#include "support/temp_tree.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kGitOnly = {".git"};

std::string bundle_error(const std::vector<fs::path>& arguments,
                         const std::vector<std::string>& exclusions = kGitOnly) {
  return usage_error([&] {
    check_bundle_exclusions(exclusions);
    check_bundle_files(collect_files(arguments, exclusions), arguments);
  });
}

std::string image_error(const std::vector<fs::path>& arguments, const std::vector<std::string>& exclusions = kGitOnly) {
  return usage_error([&] { check_image_files(collect_files(arguments, exclusions), arguments); });
}

std::string absolute_text(const fs::path& path) { return fs::absolute(path).lexically_normal().string(); }

}  // namespace

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

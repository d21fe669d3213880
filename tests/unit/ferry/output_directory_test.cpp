#include "ferry/output_directory.hpp"

#include <doctest/doctest.h>

#include "base/fd.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;
namespace fs = std::filesystem;

TEST_CASE("the old content stays until the new one is published, and then is gone") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  const fs::path target = base.path() / "out";
  fs::create_directory(target);
  write_file_atomically(target / "old", "old", 0600);
  {
    OutputDirectory output(target);
    write_file_atomically(output.content() / "new", "new", 0600);
    CHECK(fs::exists(target / "old"));
    output.publish();
    CHECK(fs::exists(target / "new"));
    CHECK_FALSE(fs::exists(target / "old"));
  }
  CHECK(std::distance(fs::directory_iterator(base.path()), {}) == 1);
}

TEST_CASE("a directory that is never published leaves everything as it was") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  {
    const OutputDirectory output(base.path() / "deep/er/out");
    write_file_atomically(output.content() / "new", "new", 0600);
  }
  CHECK_FALSE(fs::exists(base.path() / "deep/er/out"));
  CHECK(fs::is_empty(base.path()));
}

TEST_CASE("a trailing slash means the same directory") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  OutputDirectory output(base.path().string() + "/out/");
  output.publish();
  CHECK(fs::is_directory(base.path() / "out"));
}

TEST_CASE("directories that must not be replaced are refused") {
  const fs::path here = fs::current_path();
  for (const std::string& path : {std::string(), std::string("/"), std::string("."), std::string(".."),
                                  std::string("x/.."), here.string(), here.parent_path().string()}) {
    INFO(path);
    CHECK_THROWS_AS(OutputDirectory{path}, Error);
  }
}

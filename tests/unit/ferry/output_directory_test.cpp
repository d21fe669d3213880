#include "ferry/output_directory.hpp"

#include <doctest/doctest.h>
#include <sys/xattr.h>

#include "base/fd.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;
namespace fs = std::filesystem;

TEST_CASE("the old content stays until the new one is published") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  const fs::path target = base.path() / "out";
  fs::create_directory(target);
  write_file_atomically(target / "old", "old", 0600);
  {
    OutputDirectory output(target, true);
    write_file_atomically(output.content() / "new", "new", 0600);
    CHECK(fs::exists(target / "old"));
    output.publish();
    CHECK(fs::exists(target / "new"));
    CHECK_FALSE(fs::exists(target / "old"));
  }
  CHECK(std::distance(fs::directory_iterator(base.path()), {}) == 1);
}

TEST_CASE("a directory that is not published changes nothing") {
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

TEST_CASE("unsafe directories are not replaced") {
  const fs::path here = fs::current_path();
  for (const std::string& path : {std::string(), std::string("/"), std::string("."), std::string(".."),
                                  std::string("x/.."), here.string(), here.parent_path().string()}) {
    INFO(path);
    CHECK_THROWS_AS(OutputDirectory{path}, Error);
  }
}

namespace {

/// A directory that a pull has filled with `file`.
fs::path pulled(const fs::path& target, const char* file) {
  OutputDirectory output(target);
  write_file_atomically(output.content() / file, "x", 0600);
  output.publish();
  return target;
}

/// Takes what a pull leaves to know its own by, as a file system without attributes does.
void forget(const fs::path& directory) { REQUIRE(::removexattr(directory.c_str(), "user.ociferry.pulled") == 0); }

bool is_refused(const fs::path& target) {
  try {
    const OutputDirectory output(target);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Refused);
    CHECK(error.hint_text().find("--force") != std::string::npos);
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a directory that no pull made is not replaced") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  fs::create_directory(base.path() / "mine");
  CHECK_FALSE(is_refused(base.path() / "mine"));  // empty
  write_file_atomically(base.path() / "mine/work", "x", 0600);
  CHECK(is_refused(base.path() / "mine"));
  CHECK(fs::exists(base.path() / "mine/work"));
  CHECK(std::distance(fs::directory_iterator(base.path()), {}) == 1);
}

TEST_CASE("a directory made by pull is recognised without any file added to it") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  const fs::path target = pulled(base.path() / "out", "file");
  CHECK(std::distance(fs::directory_iterator(target), {}) == 1);
  if (::getxattr(target.c_str(), "user.ociferry.pulled", nullptr, 0) < 0) {
    MESSAGE("the file system has no extended attributes");
    return;
  }
  CHECK_FALSE(is_refused(target));
  forget(target);
  CHECK(is_refused(target));
}

TEST_CASE("a pulled bundle is recognised by its lock file, unless it is under version control") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  const fs::path target = base.path() / "out";
  fs::create_directories(target / ".imgpkg");
  write_file_atomically(target / "config.yml", "x", 0600);
  CHECK(is_refused(target));
  write_file_atomically(target / ".imgpkg/images.yml", "x", 0600);
  CHECK_FALSE(is_refused(target));
  fs::create_directory(target / ".git");
  CHECK(is_refused(target));
}

TEST_CASE("a directory that appears at the output's path during a download is not replaced") {
  const TempDirectory base(fs::temp_directory_path(), "output-test-");
  OutputDirectory output(base.path() / "out");
  fs::create_directory(base.path() / "out");
  write_file_atomically(base.path() / "out/work", "x", 0600);
  CHECK_THROWS_AS(output.publish(), Error);
  CHECK(fs::exists(base.path() / "out/work"));
}

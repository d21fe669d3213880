#include "medium/growing_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/sizes.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct GrowingPlace {
  TempDirectory directory = temp_directory();
  std::filesystem::path path = directory.path() / "layer";
};

}  // namespace

TEST_CASE("the length of a growing file is what was written, and does not change with reserved room") {
  const GrowingPlace place;
  {
    GrowingFile file(place.path, kMiB);
    file.reserve();
    CHECK(file.written_until(0) == 0);
    file.write_at(0, as_bytes("abc"));
  }
  const GrowingFile again(place.path, kMiB);
  CHECK(again.size() == 3);
  CHECK(again.written_until(0) == 3);
  CHECK(read_text(place.path) == "abc");
}

TEST_CASE("a file that is longer than its blob is truncated") {
  const GrowingPlace place;
  write_text(place.path, "abcd");
  CHECK(GrowingFile(place.path, 4).size() == 4);
  CHECK(GrowingFile(place.path, 3).size() == 0);
}

TEST_CASE("with holes, bytes can be written ahead, and the first hole is the end of the front") {
  const GrowingPlace place;
  GrowingFile file(place.path, 4 * kMiB);
  file.write_at(0, as_bytes(std::string(kMiB, 'a')));
  REQUIRE(file.allow_holes(kMiB));
  CHECK(file.size() == 4 * kMiB);
  file.write_at(3 * kMiB, as_bytes(std::string(kMiB, 'b')));
  CHECK(file.written_until(0) == kMiB);
}

TEST_CASE("without holes the front ends where the file ends") {
  const GrowingPlace place;
  write_text(place.path, std::string(kMiB, '\0'));  // as a file system does that fills holes with zeros
  GrowingFile file(place.path, kMiB);
  CHECK_FALSE(file.allow_holes(100'000));
  CHECK(file.size() == 100'000);
}

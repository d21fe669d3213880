#include "cli/limit_options.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

UnpackLimits limits_of(const std::vector<std::string>& words) {
  Arguments arguments("sample", "");
  declare_limits(arguments);
  arguments.parse(words);
  return read_limits(arguments);
}

}  // namespace

TEST_CASE("sizes are parsed as by GNU's tools") {
  CHECK(parse_size("1") == 1);
  CHECK(parse_size("1000000") == 1'000'000);
  CHECK(parse_size("3B") == 3);
  CHECK(parse_size("2k") == 2048);
  CHECK(parse_size("2K") == 2048);
  CHECK(parse_size("512M") == std::uint64_t{512} << 20);
  CHECK(parse_size("512MiB") == std::uint64_t{512} << 20);
  CHECK(parse_size("512MB") == 512'000'000);
  CHECK(parse_size("2TiB") == std::uint64_t{2} << 40);
  CHECK(parse_size("4E") == std::uint64_t{1} << 62);
  for (const char* bad : {"", "0", "-1", "1.5G", "1X", "1Gi", "G", "1GiBs", "5E", "99999999999999999999", "1 G"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)parse_size(bad), Error);
  }
}

TEST_CASE("limits of unpacking have their defaults unless options set them") {
  CHECK(limits_of({}).bytes == UnpackLimits{}.bytes);
  CHECK(limits_of({}).ratio == UnpackLimits{}.ratio);
  CHECK(limits_of({}).members == UnpackLimits{}.members);
  const UnpackLimits limits =
      limits_of({"--max-unpacked-size", "3GiB", "--max-unpack-ratio=9", "--max-members", "1234567"});
  CHECK(limits.bytes == std::uint64_t{3} << 30);
  CHECK(limits.ratio == 9);
  CHECK(limits.members == 1'234'567);
  CHECK_THROWS_AS(limits_of({"--max-members", "0"}), Error);
}

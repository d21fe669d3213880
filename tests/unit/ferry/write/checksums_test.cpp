#include "ferry/write/checksums.hpp"

#include <doctest/doctest.h>

#include "stream/sha256.hpp"
#include "support/process.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kHex(64, 'a');

}  // namespace

TEST_CASE("lines of SHA256SUMS are parsed as by sha256sum") {
  CHECK(name_in_sum_line(kHex + "  a.tar\n") == "a.tar");
  CHECK(name_in_sum_line(kHex + " *a.tar\r\n") == "a.tar");
  CHECK(name_in_sum_line(kHex + "  ./a b.tar") == "a b.tar");
  CHECK(name_in_sum_line("\\" + kHex + "  a\\nb\\\\c\n") == "a\nb\\c");
  for (const std::string& other :
       {kHex, kHex + "  ", kHex + " a", "SHA256 (a.tar) = " + kHex, std::string("# a.tar")}) {
    CHECK(name_in_sum_line(other).empty());
  }
}

TEST_CASE("a list of sums keeps the lines of other files") {
  const std::string others = "# by hand\n" + kHex + "  other.iso\nSHA256 (a.tar) = " + kHex + "\n\n";
  const Digest sum = sha256("a");
  const std::string own = std::string(sum.hex()) + "  a.tar\n";
  CHECK(update_sums("", {"a.tar"}, {{"a.tar", sum}}) == own);
  const std::string once = update_sums(others + kHex + "  ./a.tar\n", {"a.tar"}, {{"a.tar", sum}});
  CHECK(once == others + own);
  CHECK(update_sums(once, {"a.tar"}, {{"a.tar", sum}}) == once);
  // A last line without an end, and a file that has no line any more.
  CHECK(update_sums(kHex + "  b", {"a.tar"}, {{"a.tar", sum}}) == kHex + "  b\n" + own);
  CHECK(update_sums(others + own, {"a.tar"}, {}) == others);
  CHECK(names_in_sums(once) == std::vector<std::string>{"other.iso", "a.tar"});
}

TEST_CASE("sha256sum accepts the list for all file names") {
  const TempDirectory directory = temp_directory();
  std::vector<FileSum> sums;
  for (const std::string name : {"a.tar", "with space", "-o", "new\nline", "back\\slash", "*star", "\xc3\xa4.tar"}) {
    write_text(directory.path() / name, name);
    sums.push_back({name, sha256(name)});
  }
  write_text(directory.path() / "SHA256SUMS", update_sums("", {}, sums));
  const auto check = [&] {
    return run({.arguments = {"sha256sum", "-c", "--strict", "SHA256SUMS"}, .directory = directory.path()}).exit_code;
  };
  CHECK(check() == 0);
  write_text(directory.path() / "with space", "other");
  CHECK(check() == 1);
}

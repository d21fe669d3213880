#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "layout/compact/compact_format.hpp"
#include "layout/compact/content_finder.hpp"
#include "stream/sha256.hpp"
#include "support/process.hpp"
#include "support/seed.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

// Contents of files in tars of all kinds, whole and damaged.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

std::vector<FoundContent> found_in(std::string_view tar, std::size_t piece = 1 << 20) {
  ContentFinder finder;
  for (std::size_t at = 0; at < tar.size(); at += piece) finder.write(as_bytes(tar.substr(at, piece)));
  return finder.take();
}

/// The first half of the digest of `text`, in hexadecimal digits.
std::string key_text(const ContentKey& key) {
  std::string text;
  for (const std::byte byte : key) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

/// The contents that were found, after a check that each is what its key says and none is within another.
std::vector<std::string> contents_in(const std::string& tar, std::size_t piece = 1 << 20) {
  std::vector<std::string> contents;
  std::uint64_t end = 0;
  for (const FoundContent& found : found_in(tar, piece)) {
    REQUIRE(found.offset >= end);
    REQUIRE(found.offset + found.size <= tar.size());
    end = found.offset + found.size;
    contents.push_back(tar.substr(found.offset, found.size));
    CHECK(sha256(contents.back()).hex().substr(0, 32) == key_text(found.key));
  }
  return contents;
}

const std::string kLarge = random_bytes(20'000, 1);
const std::string kExact = random_bytes(1024, 2);
const std::string kLeast = random_bytes(kLeastContentBytes, 3);

TarBuilder sample_members() {
  TarBuilder tar;
  tar.directory("usr/").file("usr/large", kLarge).symlink("link", "usr/large").hardlink("hard", "usr/large");
  tar.file("empty", "").file("small", kLeast.substr(1)).file("least", kLeast).file("exact", kExact);
  return tar;
}

}  // namespace

TEST_CASE("contents above a minimum size are found, for any size of writes") {
  const std::string tar = sample_members().tar();
  const std::vector<std::string> expected{kLarge, kLeast, kExact};
  for (const std::size_t piece : {1U, 7U, 511U, 512U, 513U, 10'000U, 1'000'000U}) {
    CAPTURE(piece);
    CHECK((contents_in(tar, piece) == expected));
  }
}

TEST_CASE("long names, PAX headers and GNU sparse files are skipped, and later files found") {
  const std::string name(150, 'n');
  TarBuilder tar;
  tar.gnu_long('L', name).file("n", kLarge);
  tar.gnu_long('K', name).symlink("l", "n");
  tar.pax(pax_record("path", name) + pax_record("comment", std::string(900, 'c'))).file("p", kExact);
  tar.pax(pax_record("comment", "global"), 'g').file("q", kLeast);
  tar.member({.name = "sparse", .type = 'S', .size = kExact.size()}, kExact).file("r", kLeast);
  tar.member({.name = "contiguous", .type = '7', .size = kExact.size()}, kExact);
  tar.member({.name = "old", .type = '\0', .size = kLeast.size()}, kLeast);
  CHECK((contents_in(tar.tar()) == std::vector<std::string>{kLarge, kExact, kLeast, kLeast, kExact, kLeast}));
}

TEST_CASE("links and directories have no content, even if their headers have a size") {
  TarBuilder tar;
  for (const char type : {'1', '2', '3', '4', '5', '6'}) tar.member({.name = "x", .type = type, .size = 700});
  tar.file("behind", kExact);
  CHECK((contents_in(tar.tar()) == std::vector<std::string>{kExact}));
}

TEST_CASE("GNU tar's archives in all its formats give their files") {
  if (lacks({"tar"})) return;
  const TempDirectory directory = temp_directory();
  const std::string deep = "d/" + std::string(120, 'e') + "/" + std::string(120, 'f');
  write_text(directory.path() / "tree" / deep, kLarge);
  write_text(directory.path() / "tree/exact", kExact);
  for (const std::string format : {"gnu", "oldgnu", "pax", "posix"}) {
    CAPTURE(format);
    run_or_throw({.arguments = {"tar", "--sort=name", "--format=" + format, "-cf", "out.tar", "tree"},
                  .directory = directory.path()});
    CHECK((contents_in(read_text(directory.path() / "out.tar")) == std::vector<std::string>{kLarge, kExact}));
  }
}

TEST_CASE("concatenated archives are searched as one") {
  const std::string one = sample_members().tar();
  CHECK(found_in(one + one).size() == 6);
  CHECK(found_in(std::string(10'240, '\0') + one).size() == 3);
}

TEST_CASE("nothing is found in files that are no tar, and complete files in a truncated one") {
  CHECK(found_in("").empty());
  CHECK(found_in(kLarge).empty());
  CHECK(found_in(std::string(100'000, '\0')).empty());
  const std::string members = sample_members().members();
  CHECK(found_in(members + kLarge).size() == 3);
  CHECK(found_in(members + kLarge + members).size() == 3);
  const std::string tar = TarBuilder().file("a", kLarge).file("b", kExact).tar();
  const std::size_t end_of_large = 512 + kLarge.size();
  const auto cut = [&](std::size_t size) { return found_in(std::string_view(tar).substr(0, size)).size(); };
  CHECK(cut(511) == 0);
  CHECK(cut(512) == 0);
  CHECK(cut(end_of_large - 1) == 0);
  CHECK(cut(end_of_large) == 1);
  CHECK(cut(end_of_large + 1) == 1);
  CHECK(cut(tar.size() - 1025) == 1);
  CHECK(cut(tar.size() - 1024) == 2);
}

TEST_CASE("impossible sizes end the search without an error") {
  // 2^95 and 2^63 in base 256, and no number.
  const std::string huge = std::string("\x80\x80", 2) + std::string(10, '\0');
  const std::string beyond = std::string("\x80\0\0\0\x80", 5) + std::string(7, '\0');
  for (const std::string& size : {huge, beyond, std::string("no number..")}) {
    TarBuilder tar;
    tar.file("a", kExact).member({.name = "b", .size_field = size}).file("c", kExact);
    CHECK(found_in(tar.tar()).size() == 1);
  }
  // A large one that may be is waited for.
  TarBuilder tar;
  tar.member({.name = "b", .size = std::uint64_t{1} << 32}).file("c", kExact);
  CHECK(found_in(tar.tar()).empty());
}

TEST_CASE("two thousand damaged tars give only contents that they have") {
  const std::string tar = sample_members().pax(pax_record("path", "x")).file("x", kExact).tar();
  Dice dice(seed_of_run());
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = tar;
    for (std::uint64_t times = 1 + dice.below(3); times > 0; --times) {
      // Headers, rather than contents, half of the time.
      const std::size_t header = dice.below(tar.size() / 512) * 512;
      const std::size_t at = dice.one_in(2) ? dice.below(tar.size()) : header + 100 + dice.below(60);
      damaged[at] = static_cast<char>(dice.below(256));
    }
    if (dice.one_in(4)) damaged.resize(dice.below(damaged.size()));
    static_cast<void>(contents_in(damaged, 1 + dice.below(3000)));
  }
}

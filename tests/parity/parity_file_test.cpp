#include "parity/parity_file.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "memory_medium.hpp"
#include "parity/damage.hpp"
#include "parity/patchwork_medium.hpp"
#include "parity/write_parity.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// An archive of 20 kB with a fifth of parity.
struct SmallParity {
  std::string archive = random_bytes(20'000, 7);
  ParityShape shape = choose_parity_shape(archive.size(), 20, 64);
  ParityLayout layout{shape};
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>(layout.total_bytes());
  ParityWatch watch{silent_progress()};

  SmallParity() { write_parity(MemoryMedium(archive), shape, raw_digest_of(as_bytes("set")), *medium, watch); }
  [[nodiscard]] ParityFile open() const {
    const auto header = find_parity_header(*medium, HeaderSearch::Everywhere, {});
    REQUIRE(header);
    return {medium, *header};
  }
};

ParityHeader some_header() {
  return {.shape = choose_parity_shape(1'000'000, 10), .set = raw_digest_of(as_bytes("a")), .root = {}};
}

/// A header with a right digest, of which number `index` is another one.
ParityPage with_number(std::size_t index, std::uint64_t value) {
  ParityPage page = to_page(some_header());
  for (std::size_t i = 0; i < 8; ++i) page[16 + 8 * index + i] = static_cast<std::byte>(value >> (8 * i));
  const RawDigest digest = raw_digest_of(Bytes(page).first(kParityPage - 32));
  std::ranges::copy(digest, page.end() - 32);
  return page;
}

}  // namespace

TEST_CASE("a header round-trips, and a changed one is refused") {
  const ParityHeader header = some_header();
  CHECK(parse_parity_header(to_page(header)) == header);
  for (std::size_t i = 0; i < kParityPage; i += 37) {
    ParityPage page = to_page(header);
    page[i] ^= std::byte{1};
    CHECK(code_of([&] { static_cast<void>(parse_parity_header(page)); }) == ErrorCode::Corrupt);
  }
}

TEST_CASE("a header with impossible numbers is refused before memory is reserved") {
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const std::vector<std::vector<std::uint64_t>> refused = {{0, 2, kHuge},
                                                           {0, kHuge, std::uint64_t{1} << 62},
                                                           {0, 32, 96, 1000, std::uint64_t{1} << 32, kHuge},
                                                           {0, 1, 101, 256, kHuge},
                                                           {0, 254, 255, kHuge},
                                                           {0, 1, 2, 9, kHuge, std::uint64_t{1} << 32}};
  for (std::size_t number = 0; number < refused.size(); ++number) {
    for (const std::uint64_t value : refused[number]) {
      CAPTURE(number);
      CAPTURE(value);
      CHECK(code_of([&] { static_cast<void>(parse_parity_header(with_number(number, value))); }) == ErrorCode::Hostile);
    }
  }
  CHECK(error_of([] { static_cast<void>(parse_parity_header(with_number(0, 2))); }).message() ==
        "the parity was written by a newer ociferry (version 2)");
}

TEST_CASE("parity has the requested size, and covers every block of archives of many sizes") {
  for (const std::uint64_t bytes : {1ULL, 512ULL, 10'240ULL, 1'000'001ULL, 64'000'000ULL, 5'000'000'000ULL,
                                    40'000'000'000ULL, 3'000'000'000'000ULL}) {
    for (const unsigned percent : {1U, 10U, 33U, 100U}) {
      CAPTURE(bytes);
      CAPTURE(percent);
      const ParityShape shape = choose_parity_shape(bytes, percent);
      CHECK(shape.blocks() <= kMostBlocks);
      CHECK(shape.columns + shape.parity_columns <= kMostColumns);
      CHECK(shape.columns * shape.column_bytes() >= bytes);
      CHECK((shape.columns - 1) * shape.column_bytes() < bytes);
      CHECK(shape.parity_columns * 100 >= shape.columns * percent + 1);
      CHECK(parse_parity_header(to_page({.shape = shape})) == ParityHeader{.shape = shape});
      if (bytes < 10'000'000) continue;
      const double ratio = static_cast<double>(ParityLayout(shape).total_bytes()) / static_cast<double>(bytes);
      CHECK(ratio >= percent / 100.0);
      CHECK(ratio <= percent / 100.0 + 0.02);
    }
  }
  CHECK(code_of([] { static_cast<void>(choose_parity_shape(0, 10)); }) == ErrorCode::Usage);
}

TEST_CASE("the same archive gives the same parity, byte for byte") {
  CHECK(SmallParity().medium->bytes() == SmallParity().medium->bytes());
}

TEST_CASE("a parity file is known by any of its headers") {
  const SmallParity small;
  for (const std::uint64_t kept : small.layout.headers()) {
    for (const std::uint64_t other : small.layout.headers()) {
      if (other != kept) small.medium->bytes()[other + 100] ^= 1;
    }
    const ParityFile file = small.open();
    CHECK(file.shape() == small.shape);
    CHECK(file.damaged_pages() == 2);
    for (const std::uint64_t other : small.layout.headers()) {
      if (other != kept) small.medium->bytes()[other + 100] ^= 1;
    }
  }
  for (const std::uint64_t header : small.layout.headers()) small.medium->bytes()[header + 100] ^= 1;
  CHECK_FALSE(find_parity_header(*small.medium, HeaderSearch::Everywhere, {}));
}

TEST_CASE("checksums are read from either copy, and blocks without checksum count as lost") {
  const SmallParity small;
  small.medium->bytes()[small.layout.tables()[0]] ^= 1;
  CHECK(find_damage(MemoryMedium(small.archive), small.open(), small.watch).data_lost == 0);
  small.medium->bytes()[small.layout.tables()[1] + 10] ^= 1;
  CHECK(small.open().damaged_pages() == 2);
  const BlockDamage damage = find_damage(MemoryMedium(small.archive), small.open(), small.watch);
  CHECK(damage.data_lost == kPageChecksums);
}

TEST_CASE("an intact table of another header is refused") {
  const SmallParity small;
  ParityHeader forged = *find_parity_header(*small.medium, HeaderSearch::Everywhere, {});
  std::vector<Checksum> checksums = small.open().table().checksums;
  checksums.front().front() ^= std::byte{1};
  for (const std::uint64_t at : small.layout.tables()) write_checksums(*small.medium, at, forged, checksums);
  CHECK(code_of([&] { static_cast<void>(small.open()); }) == ErrorCode::Corrupt);
}

TEST_CASE("losses are reported as ranges of bytes") {
  const SmallParity small;
  std::string damaged = small.archive;
  damaged[0] ^= 1;
  damaged[64] ^= 1;
  damaged[19'999] ^= 1;
  const BlockDamage damage = find_damage(MemoryMedium(damaged), small.open(), small.watch);
  CHECK(lost_ranges(damage, small.shape) == std::vector<ByteRange>{{0, 128}, {19'968, 32}});
  CHECK(count_lost_parity(small.open(), small.watch) == 0);
}

TEST_CASE("an archive in pieces is read across them, except where one is lost") {
  const auto piece = [](std::string bytes) { return std::make_shared<MemoryMedium>(std::move(bytes)); };
  const PatchworkMedium medium("all", 12,
                               {{.offset = 0, .size = 4, .name = "a", .medium = piece("0123")},
                                {.offset = 4, .size = 4, .name = "b", .medium = piece("45 is longer")},
                                {.offset = 8, .size = 4, .name = "c", .medium = nullptr}});
  std::string bytes(6, '\0');
  const auto read = [&](std::uint64_t offset) {
    return read_what_is_there(medium, offset, std::as_writable_bytes(std::span(bytes)));
  };
  CHECK(read(1));
  CHECK(bytes == "12345 ");
  CHECK_FALSE(read(3));
  CHECK(medium.name_at(9) == "c");
}

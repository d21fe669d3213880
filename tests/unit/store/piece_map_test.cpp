#include "store/piece_map.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

namespace {

constexpr PieceRules kRules{.least = 10, .most = 40, .ahead = 500, .pieces = 3};

PieceMap streaming(std::uint64_t size, const PieceRules& rules = kRules) {
  PieceMap map(size, 0, rules);
  map.set_streaming(true);
  return map;
}

}  // namespace

TEST_CASE("a small blob is not divided into pieces") {
  CHECK_FALSE(streaming(19).claim());
  CHECK(streaming(20).claim() == Piece{10, 20});
  PieceMap nearly_done = streaming(1000);
  nearly_done.advance(990);
  CHECK_FALSE(nearly_done.claim());
}

TEST_CASE("pieces are taken from the front on, with decreasing size and without a small rest") {
  PieceMap map = streaming(200, {.least = 10, .most = 40, .ahead = 500, .pieces = 100});
  std::uint64_t at = 10;
  std::uint64_t size = 40;
  while (const auto piece = map.claim()) {
    if (piece->end == 10) break;
    CHECK(piece->begin == at);
    CHECK(piece->size() <= size);
    CHECK(piece->size() >= 10);
    at = piece->end;
    size = std::max<std::uint64_t>(piece->size(), 20);
    if (at == 200) break;
  }
  CHECK(at == 200);
}

TEST_CASE("the number of pieces in progress, and their distance from the front, are limited") {
  PieceMap map = streaming(10'000);
  for (int i = 0; i < 3; ++i) CHECK(map.claim());
  CHECK_FALSE(map.claim());

  PieceMap far = streaming(10'000, {.least = 10, .most = 100, .ahead = 150, .pieces = 100});
  CHECK(far.claim() == Piece{10, 110});
  CHECK(far.claim() == Piece{110, 210});
  CHECK_FALSE(far.claim());
  far.advance(60);
  CHECK(far.claim() == Piece{210, 310});
}

TEST_CASE("the stream ends at the first piece that has begun, and takes those that have not") {
  PieceMap map = streaming(1000);
  const auto first = map.claim();
  const auto second = map.claim();
  REQUIRE((first && second));
  CHECK(map.stream_limit() == 1000);
  CHECK(map.begin(*second));
  CHECK(map.stream_limit() == second->begin);
  map.advance(first->begin + 1);
  CHECK_FALSE(map.begin(*first));
}

TEST_CASE("a returned piece is given to another thread; the front passes a piece after all before it") {
  PieceMap map = streaming(100);
  const auto first = map.claim();
  const auto second = map.claim();
  REQUIRE((first && second));
  CHECK(map.begin(*second));
  map.finish(*second);
  CHECK_FALSE(map.at_front());
  CHECK(map.begin(*first));
  map.advance(first->begin);
  map.set_streaming(false);
  map.give_back(*first);
  CHECK_FALSE(map.at_front());
  CHECK(map.claim() == first);
  CHECK(map.begin(*first));
  map.finish(*first);
  CHECK(map.at_front() == first);
  map.pass(*first);
  CHECK(map.at_front() == second);
  map.pass(*second);
  CHECK(map.front() == second->end);
}

TEST_CASE("pieces behind a gap are discarded with their bytes") {
  PieceMap map = streaming(100);
  const auto piece = map.claim();
  REQUIRE(piece);
  CHECK(map.begin(*piece));
  map.finish(*piece);
  CHECK(map.forget_finished() == piece->size());
  CHECK(map.stream_limit() == 100);
}

#include "http/collector.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace ociferry;
using namespace std::chrono_literals;

namespace {

struct Pieces : ByteSink {
  void write(Bytes bytes) override {
    if (fails) throw std::runtime_error("full");
    sizes.push_back(bytes.size());
    content += as_text(bytes);
  }
  bool fails = false;
  std::vector<std::size_t> sizes;
  std::string content;
};

constexpr std::size_t kRecord = 16 * 1024;
const Collector::Time kBegin{1h};

}  // namespace

TEST_CASE("a fast body's small pieces are collected into large ones, but the first is passed on at once") {
  Pieces pieces;
  Collector collector(pieces);
  std::string all;
  for (char c = 'a'; c < 'a' + 20; ++c) {
    const std::string record(kRecord, c);
    all += record;
    collector.take(as_bytes(record), kBegin);
  }
  CHECK(pieces.sizes == std::vector<std::size_t>{kRecord, Collector::kPiece, Collector::kPiece});
  collector.finish();
  CHECK(pieces.sizes.back() == 3 * kRecord);
  CHECK(pieces.content == all);
  collector.finish();
  CHECK(pieces.sizes.size() == 4);
}

TEST_CASE("large pieces are not copied, and stay in order behind small ones") {
  Pieces pieces;
  Collector collector(pieces);
  const std::string large(Collector::kPiece, 'l');
  for (const std::string& one : {large, large, std::string("small"), large}) collector.take(as_bytes(one), kBegin);
  CHECK(pieces.sizes == std::vector<std::size_t>{large.size(), large.size(), large.size() + 5});
  CHECK(pieces.content == large + large + "small" + large);
}

TEST_CASE("slow pieces are passed on at once") {
  Pieces pieces;
  Collector collector(pieces);
  collector.take(as_bytes("a"), kBegin);
  collector.take(as_bytes("b"), kBegin + 1ms);
  CHECK(pieces.content == "a");
  collector.take(as_bytes("c"), kBegin + Collector::kLongest);
  CHECK(pieces.content == "abc");
  collector.take(as_bytes("d"), kBegin + 2 * Collector::kLongest);
  CHECK(pieces.sizes == std::vector<std::size_t>{1, 2, 1});
}

TEST_CASE("a sink that threw does not get the same bytes again") {
  Pieces pieces;
  Collector collector(pieces);
  collector.take(as_bytes("a"), kBegin);
  collector.take(as_bytes("b"), kBegin);
  pieces.fails = true;
  CHECK_THROWS_AS(collector.finish(), std::runtime_error);
  pieces.fails = false;
  collector.finish();
  CHECK(pieces.content == "a");
}

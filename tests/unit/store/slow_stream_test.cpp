#include <doctest/doctest.h>

#include "store/slow_stream.hpp"

using namespace ociferry;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;

/// One second of a stream of 8 MB/s.
constexpr StreamSoFar stream_of(std::uint64_t left, std::optional<std::chrono::nanoseconds> busy) {
  return {.time = milliseconds{1000}, .busy = busy, .received = 8 * kMegabyte, .left = left};
}

}  // namespace

TEST_CASE("a stream is slow if the rest takes two seconds or more, after a quarter of a second") {
  const SlowStream rule{.cores = 2};
  CHECK(rule.applies_to(stream_of(16 * kMegabyte, milliseconds{30})));
  CHECK_FALSE(rule.applies_to(stream_of(15 * kMegabyte, milliseconds{30})));
  CHECK_FALSE(rule.applies_to({.time = milliseconds{249}, .busy = milliseconds{1}, .received = 1, .left = kMegabyte}));
  CHECK(rule.applies_to({.time = milliseconds{250}, .busy = milliseconds{1}, .received = 0, .left = kMegabyte}));
}

TEST_CASE("a stream whose thread needs a core half of the time is not slow where two cores are all") {
  const SlowStream few{.cores = 2};
  CHECK(few.applies_to(stream_of(1000 * kMegabyte, milliseconds{490})));
  CHECK_FALSE(few.applies_to(stream_of(1000 * kMegabyte, milliseconds{500})));
  const SlowStream many{.cores = 8};
  CHECK(many.applies_to(stream_of(1000 * kMegabyte, milliseconds{1000})));
}

TEST_CASE("the busy time is of no use where there are more than two cores") {
  CHECK(SlowStream{.cores = 1}.needs_busy());
  CHECK(SlowStream{.cores = 2}.needs_busy());
  CHECK_FALSE(SlowStream{.cores = 3}.needs_busy());
}

TEST_CASE("where the kernel does not tell what a thread does, the rate decides") {
  const SlowStream rule{.cores = 1};
  CHECK(rule.applies_to(stream_of(1000 * kMegabyte, std::nullopt)));
}

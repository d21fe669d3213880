#include "medium/pace.hpp"

#include <doctest/doctest.h>

#include "medium/device_counters.hpp"

using namespace ociferry;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kMega = 1'000'000;

/// A medium that moves so many bytes a second for a while, told of ten times a second.
void work(Pace& pace, std::uint64_t bytes_a_second, int seconds) {
  for (int i = 0; i < seconds * 10; ++i) pace.add(bytes_a_second / 10, milliseconds(100));
}

}  // namespace

TEST_CASE("a medium is slower if its last ten seconds of work moved less than a third of what the first five did") {
  Pace pace;
  work(pace, 30 * kMega, 5);
  work(pace, 30 * kMega, 60);
  CHECK_FALSE(pace.slowdown());
  work(pace, 9 * kMega, 9);
  CHECK_FALSE(pace.slowdown());
  work(pace, 9 * kMega, 1);
  const auto slowdown = pace.slowdown();
  REQUIRE(slowdown);
  CHECK(slowdown->at_first == 30 * kMega);
  CHECK(slowdown->at_last == 9 * kMega);
  CHECK(slowdown->lasting == seconds(10));
}

TEST_CASE("a medium that is a little slower, recovers, or has worked for a short time is not reported") {
  Pace little;
  work(little, 30 * kMega, 5);
  work(little, 11 * kMega, 100);
  CHECK_FALSE(little.slowdown());

  Pace recovers;
  work(recovers, 30 * kMega, 5);
  work(recovers, kMega, 20);
  CHECK(recovers.slowdown());
  work(recovers, 30 * kMega, 10);
  CHECK_FALSE(recovers.slowdown());

  Pace brief;
  work(brief, 30 * kMega, 5);
  work(brief, kMega, 9);
  CHECK_FALSE(brief.slowdown());
  brief.add(kMega, seconds(60));  // one that takes long, such as the last fsync
  REQUIRE(brief.slowdown());
  CHECK(brief.slowdown()->lasting == seconds(60));
}

TEST_CASE("the time of concurrent calls counts once, and idle time does not count") {
  std::chrono::steady_clock::time_point now{};
  BusyTime time([&] { return now; });
  time.begin();
  now += seconds(1);
  time.begin();
  now += seconds(1);
  time.end(100);
  now += seconds(1);
  time.end(50);
  CHECK(time.busy() == seconds(3));
  CHECK(time.bytes() == 150);
  now += seconds(100);  // waiting for something else
  time.begin();
  now += seconds(2);
  time.end(1000);
  CHECK(time.busy() == seconds(5));
  CHECK_FALSE(time.slowdown());
  time.begin();
  now += seconds(20);
  time.end(1000);
  REQUIRE(time.slowdown());
  CHECK(time.slowdown()->at_first == 230);
  CHECK(time.slowdown()->at_last == 50);
}

TEST_CASE("the counters of a device are parsed in Linux's form only") {
  const auto counters = parse_device_counters(
      "    1215       12    97530     1040       33        7      320       88"
      "        0     1200     1128        0        0        0        0\n");
  REQUIRE(counters);
  CHECK(counters->read_bytes == 97530U * 512U);
  CHECK(counters->written_bytes == 320U * 512U);
  CHECK(counters->busy == milliseconds(1200));
  CHECK_FALSE(parse_device_counters(""));
  CHECK_FALSE(parse_device_counters("1 2 3"));
  CHECK_FALSE(parse_device_counters("1 2 3 4 5 6 7 8 9 x"));
  CHECK_FALSE(device_counters(0));
}

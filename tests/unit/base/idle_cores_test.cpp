#include "base/idle_cores.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("the time of all cores is read from what the kernel tells") {
  const auto ticks = parse_core_ticks("cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  REQUIRE(ticks);
  CHECK(ticks->all == 621);
  CHECK(ticks->idle == 450);
  for (const char* const other : {"", "cpu", "cpu 1 2 3 4 5 6 7\n", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c d e f g h\n"}) {
    CHECK_FALSE(parse_core_ticks(other));
  }
}

TEST_CASE("the part of the time without work is told in cores") {
  CHECK(idle_between({1000, 500}, {1200, 600}, 2) == doctest::Approx(1.0));
  CHECK(idle_between({1000, 500}, {1200, 510}, 2) == doctest::Approx(0.1));
  CHECK(idle_between({1000, 500}, {1800, 1300}, 8) == doctest::Approx(8.0));
  CHECK(idle_between({1000, 500}, {1000, 500}, 2) == 0);
  CHECK(idle_between({1000, 500}, {1100, 499}, 2) == 0);
}

TEST_CASE("no core is called idle before it was watched") {
  IdleCores cores;
  CHECK_FALSE(cores.has_one());
  CHECK_FALSE(cores.has_one());
}

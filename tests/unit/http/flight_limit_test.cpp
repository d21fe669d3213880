#include "http/flight_limit.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace ociferry;
using Outcome = FlightLimit::Outcome;

namespace {

/// So many requests, all under way.
std::vector<FlightLimit::Epoch> begin(FlightLimit& flight, std::size_t count) {
  std::vector<FlightLimit::Epoch> begun;
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(flight.may_begin());
    begun.push_back(flight.begin());
  }
  return begun;
}

void answer(FlightLimit& flight, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) CHECK_FALSE(flight.end(flight.begin(), Outcome::Answered));
}

}  // namespace

TEST_CASE("requests are unlimited until the server complains, then limited to half of those in progress") {
  FlightLimit flight;
  const auto begun = begin(flight, 10);
  CHECK(flight.limit() == FlightLimit::kUnlimited);
  CHECK(flight.end(begun[0], Outcome::TooMuch));
  CHECK(flight.limit() == 5);
  CHECK_FALSE(flight.may_begin());  // nine are still under way
  for (std::size_t i = 1; i < 5; ++i) flight.end(begun[i], Outcome::Answered);
  CHECK_FALSE(flight.may_begin());
  flight.end(begun[5], Outcome::Answered);
  CHECK(flight.may_begin());
}

TEST_CASE("complaints about concurrent requests count once") {
  FlightLimit flight;
  const auto begun = begin(flight, 8);
  CHECK(flight.end(begun[0], Outcome::TooMuch));
  for (std::size_t i = 1; i < 8; ++i) CHECK_FALSE(flight.end(begun[i], Outcome::TooMuch));
  CHECK(flight.limit() == 4);
  const auto later = begin(flight, 4);
  CHECK(flight.end(later[0], Outcome::TooMuch));
  CHECK(flight.limit() == 2);
}

TEST_CASE("the limit never falls so low that one slow request holds up all others") {
  FlightLimit flight;
  for (int i = 0; i < 10; ++i) {
    const auto begun = begin(flight, 2);
    flight.end(begun[0], Outcome::TooMuch);
    flight.end(begun[1], Outcome::Abandoned);
    CHECK(flight.limit() == FlightLimit::kLeast);
  }
}

TEST_CASE("the limit rises by one after every few responses, and ends where it began") {
  FlightLimit flight;
  const auto begun = begin(flight, 8);
  flight.end(begun[0], Outcome::TooMuch);
  for (std::size_t i = 1; i < 8; ++i) flight.end(begun[i], Outcome::Abandoned);
  answer(flight, FlightLimit::kStep - 1);
  CHECK(flight.limit() == 4);
  answer(flight, 1);
  CHECK(flight.limit() == 5);
  answer(flight, 3 * FlightLimit::kStep);
  CHECK(flight.limit() == 8);
  answer(flight, FlightLimit::kStep);
  CHECK(flight.limit() == FlightLimit::kUnlimited);
}

TEST_CASE("broken connections do not change the limit") {
  FlightLimit flight;
  const auto begun = begin(flight, 4);
  CHECK(flight.end(begun[0], Outcome::TooMuch));
  for (std::size_t i = 1; i < 4; ++i) flight.end(begun[i], Outcome::Abandoned);
  for (std::size_t i = 0; i < 10 * FlightLimit::kStep; ++i) flight.end(flight.begin(), Outcome::Abandoned);
  CHECK(flight.limit() == 2);
}

#include "ferry/deliver/repair.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "sample_bundles.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRepaired = "reg.example/team/app";
const Error kLost{ErrorCode::Unstable, "MANIFEST_BLOB_UNKNOWN"};

Context waiting(std::chrono::milliseconds delay) { return {.registry = {.retry_delay = delay}}; }

ErrorCode code_of(const Context& context, const std::function<void(Round)>& work) {
  return testing::code_of([&] { run_with_repairs(kRepaired, context, work); });
}

}  // namespace

TEST_CASE("a repair has two more rounds, each after a pause and with a warning") {
  testing::Warnings warnings;
  Context context = waiting(5ms);
  context.progress = &warnings;
  std::vector<std::chrono::steady_clock::time_point> begun;
  std::vector<Round> rounds;
  run_with_repairs(kRepaired, context, [&](Round round) {
    begun.push_back(std::chrono::steady_clock::now());
    rounds.push_back(round);
    if (rounds.size() < 3) throw kLost;
  });
  CHECK((rounds == std::vector{Round::First, Round::Repair, Round::Repair}));
  CHECK(begun[1] - begun[0] >= 20ms);
  CHECK(begun[2] - begun[1] >= 20ms);
  REQUIRE(warnings.lines.size() == 2);
  CHECK(warnings.lines[0] == "MANIFEST_BLOB_UNKNOWN; checking every blob in reg.example/team/app");
}

TEST_CASE("a loss in each round is an error, and so is every other failure") {
  int rounds = 0;
  CHECK(code_of(waiting(0ms), [&](Round) {
          ++rounds;
          throw kLost;
        }) == ErrorCode::Unstable);
  CHECK(rounds == 3);
  CHECK(code_of(waiting(0ms), [&](Round) {
          ++rounds;
          throw Error(ErrorCode::Denied, "no");
        }) == ErrorCode::Denied);
  CHECK(rounds == 4);
}

TEST_CASE("an interrupt ends the pause before a repair") {
  std::stop_source stop;
  Context context = waiting(std::chrono::hours{1});
  context.stop = stop.get_token();
  int rounds = 0;
  CHECK(code_of(context, [&](Round) {
          ++rounds;
          stop.request_stop();
          throw kLost;
        }) == ErrorCode::Interrupted);
  CHECK(rounds == 1);
}

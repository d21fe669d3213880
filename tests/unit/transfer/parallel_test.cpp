#include "transfer/parallel.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "ociferry/error.hpp"

using namespace ociferry;

TEST_CASE("every task runs exactly once, whatever the number of jobs") {
  for (const std::size_t jobs : {0U, 1U, 3U, 50U}) {
    std::vector<std::atomic<int>> runs(20);
    run_parallel_or_throw(jobs, runs.size(), {}, [&](std::size_t i, const std::stop_token&) { ++runs[i]; });
    for (const auto& count : runs) CHECK(count == 1);
  }
}

TEST_CASE("tasks do run side by side") {
  std::latch all_there(4);
  run_parallel_or_throw(4, 4, {}, [&](std::size_t, const std::stop_token&) { all_there.arrive_and_wait(); });
}

TEST_CASE("the failure that comes out is the one that made the others stop") {
  std::latch both(2);
  try {
    run_parallel_or_throw(2, 2, {}, [&](std::size_t i, const std::stop_token& stop) {
      both.arrive_and_wait();
      if (i == 1) throw Error(ErrorCode::Corrupt, "the cause");
      while (!stop.stop_requested()) std::this_thread::yield();
      throw Error(ErrorCode::Interrupted, "the echo");
    });
    FAIL("no failure came out");
  } catch (const Error& error) {
    CHECK(error.message() == "the cause");
  }
}

TEST_CASE("when carrying on, all failures are told by their index") {
  std::atomic<int> runs{0};
  const auto failures = run_parallel(3, 10, OnFailure::CarryOn, {}, [&](std::size_t i, const std::stop_token&) {
    ++runs;
    if (i % 4 == 1) throw Error(ErrorCode::NotFound, "gone");
  });
  CHECK(runs == 10);
  for (std::size_t i = 0; i < failures.size(); ++i) CHECK((failures[i] != nullptr) == (i % 4 == 1));
}

TEST_CASE("a request to stop from outside ends the run as interrupted") {
  std::stop_source stop;
  std::atomic<int> runs{0};
  try {
    run_parallel_or_throw(1, 100, stop.get_token(), [&](std::size_t i, const std::stop_token&) {
      ++runs;
      if (i == 2) stop.request_stop();
    });
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
  CHECK(runs == 3);
}

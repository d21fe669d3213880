#include "transfer/parallel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "base/sizes.hpp"
#include "ociferry/error.hpp"
#include "transfer/worker_count.hpp"

using namespace ociferry;

TEST_CASE("every task runs exactly once, for any number of jobs") {
  for (const std::size_t jobs : {0U, 1U, 3U, 50U}) {
    std::vector<std::atomic<int>> runs(20);
    run_parallel_or_throw(jobs, runs.size(), {}, [&](std::size_t i, const std::stop_token&) { ++runs[i]; });
    for (const auto& count : runs) CHECK(count == 1);
  }
}

TEST_CASE("every task runs exactly once while the number of workers changes") {
  for (const std::size_t count : {0U, 1U, 3U, 2000U}) {
    std::vector<std::atomic<int>> runs(count);
    run_parallel_or_throw({}, count, {}, [&](std::size_t i, const std::stop_token&) { ++runs[i]; });
    for (const auto& times : runs) CHECK(times == 1);
  }
}

namespace {

/// A task that waits until so many of its kind have run side by side.
class Crowd {
 public:
  explicit Crowd(std::size_t wanted) : wanted_(wanted) {}

  void join(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++running_);
    grown_.notify_all();
    grown_.wait(lock, stop, [&] { return most_ >= wanted_; });
    --running_;
  }
  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  std::size_t wanted_;
  std::mutex mutex_;
  std::condition_variable_any grown_;
  std::size_t running_ = 0;
  std::size_t most_ = 0;
};

}  // namespace

TEST_CASE("a fixed number of jobs means as many workers, and never more") {
  Crowd crowd(3);
  run_parallel_or_throw(3, 60, {}, [&](std::size_t, const std::stop_token& stop) { crowd.join(stop); });
  CHECK(crowd.most() == 3);
}

TEST_CASE("workers are added while the cores are idle and bytes flow") {
  Crowd crowd(WorkerCount(std::thread::hardware_concurrency()).count() + 1);
  std::atomic<std::uint64_t> moved{0};
  run_parallel_or_throw(
      {}, 100, {}, [&](std::size_t, const std::stop_token& stop) { crowd.join(stop); },
      [&] { return moved += 1024 * kMiB; });
  CHECK(crowd.most() > WorkerCount(std::thread::hardware_concurrency()).count());
}

TEST_CASE("a run of requests begins with the worker count that paid for the last one, and blobs do not") {
  const Jobs jobs;
  LearnedWorkers::set(jobs, 20);
  std::latch all_there(20);
  run_parallel_or_throw(jobs, 20, {}, [&](std::size_t, const std::stop_token&) { all_there.arrive_and_wait(); });

  // Too few tasks for a second step up, which needs two for each worker before the first and before the second.
  std::mutex mutex;
  std::set<std::thread::id> threads;
  run_parallel_or_throw(
      jobs, 21, {},
      [&](std::size_t, const std::stop_token&) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      },
      [] { return std::uint64_t{0}; });
  CHECK(threads.size() < 20);
  CHECK(LearnedWorkers::of(jobs) == 20);
}

TEST_CASE("where even the fastest answer takes long, a run begins with the most workers") {
  using std::chrono::milliseconds;
  const Jobs jobs;
  CHECK_FALSE(LearnedWorkers::is_far(jobs));
  LearnedWorkers::note_answer(jobs, milliseconds{600});  // a connection was opened for it
  LearnedWorkers::note_answer(jobs, milliseconds{200});
  LearnedWorkers::note_answer(jobs, milliseconds{210});
  CHECK(LearnedWorkers::is_far(jobs));
  std::latch all_there(WorkerCount::kMost);
  run_parallel_or_throw(jobs, WorkerCount::kMost, {},
                        [&](std::size_t, const std::stop_token&) { all_there.arrive_and_wait(); });
  const Jobs copy = jobs;
  LearnedWorkers::note_answer(copy, milliseconds{5});
  CHECK_FALSE(LearnedWorkers::is_far(jobs));
  LearnedWorkers::note_answer(7, milliseconds{200});
  CHECK_FALSE(LearnedWorkers::is_far(7));
}

TEST_CASE("where answers take long, work is done side by side, elsewhere one after the other until a part fails") {
  const Jobs near;
  const Jobs far;
  LearnedWorkers::note_answer(far, LearnedWorkers::kFar);
  std::latch both_there(2);
  std::vector<int> done;
  const auto meet = [&] { both_there.arrive_and_wait(); };
  side_by_side(far, {}, {meet, meet});
  const auto fails = [&](int part) {
    done.push_back(part);
    throw Error(ErrorCode::Network, std::to_string(part));
  };
  try {
    side_by_side(near, {}, {[&] { done.push_back(0); }, [&] { fails(1); }, [&] { fails(2); }});
    FAIL("a part failed");
  } catch (const Error& error) {
    CHECK(error.message() == "1");
  }
  CHECK(done == std::vector{0, 1});
}

TEST_CASE("moved bytes are counted while the number of workers is measured") {
  std::atomic<bool> asked{false};
  const auto bytes = [&asked] {
    asked = true;
    return std::uint64_t{0};
  };
  run_parallel_or_throw(
      {}, 100, {},
      [&](std::size_t, const std::stop_token&) {
        while (!asked) std::this_thread::yield();
      },
      bytes);
  CHECK(asked);
}

TEST_CASE("a failure stops all workers, also waiting ones") {
  std::atomic<std::size_t> runs{0};
  try {
    run_parallel_or_throw({}, 100'000, {}, [&](std::size_t i, const std::stop_token& stop) {
      ++runs;
      if (i == 500) throw Error(ErrorCode::Corrupt, "the cause");
      while (i > 500 && !stop.stop_requested()) std::this_thread::yield();
    });
    FAIL("no failure came out");
  } catch (const Error& error) {
    CHECK(error.message() == "the cause");
  }
  CHECK(runs <= 501 + WorkerCount::kMost);
}

TEST_CASE("local work has one job for each core") {
  CHECK(jobs_or_cores(7) == 7);
  CHECK(jobs_or_cores({}) == std::max(1U, std::thread::hardware_concurrency()));
}

TEST_CASE("tasks run concurrently") {
  std::latch all_there(4);
  run_parallel_or_throw(4, 4, {}, [&](std::size_t, const std::stop_token&) { all_there.arrive_and_wait(); });
}

TEST_CASE("the first failure is thrown, not those of tasks that it stopped") {
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

TEST_CASE("without stopping at failures, each is reported with its index") {
  std::atomic<int> runs{0};
  const auto failures = run_parallel(3, 10, OnFailure::CarryOn, {}, [&](std::size_t i, const std::stop_token&) {
    ++runs;
    if (i % 4 == 1) throw Error(ErrorCode::NotFound, "gone");
  });
  CHECK(runs == 10);
  for (std::size_t i = 0; i < failures.size(); ++i) CHECK((failures[i] != nullptr) == (i % 4 == 1));
}

TEST_CASE("a stop request ends the run with Interrupted") {
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

#include "base/in_order.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <string>

using namespace ociferry;

namespace {

/// Puts 0, 1, ..., `count` - 1, as many at a time as may be, and collects the results.
std::vector<int> run_all(InOrder<int, int>& work, int count) {
  std::vector<int> results;
  for (int i = 0; i < count; ++i) {
    if (work.is_full()) results.push_back(work.take());
    work.put(i);
  }
  while (!work.is_empty()) results.push_back(work.take());
  return results;
}

}  // namespace

TEST_CASE("results come in the order of the items, with any number of threads") {
  for (const std::size_t threads : {0U, 1U, 2U, 5U}) {
    for (const std::size_t most : {1U, 2U, 9U}) {
      CAPTURE(threads);
      CAPTURE(most);
      InOrder<int, int> work(threads, most, [](int item) {
        volatile int sum = 0;
        for (int i = 0; i < item * 7919 % 5000; ++i) sum = sum + i;  // items take different times
        return item * 3;
      });
      CHECK(work.is_empty());
      CHECK_FALSE(work.is_full());
      const std::vector<int> results = run_all(work, 200);
      REQUIRE(results.size() == 200);
      for (int i = 0; i < 200; ++i) CHECK(results[static_cast<std::size_t>(i)] == 3 * i);
    }
  }
}

TEST_CASE("items are processed concurrently") {
  std::barrier together(3);  // nobody gets on alone
  InOrder<int, int> work(3, 3, [&](int item) {
    together.arrive_and_wait();
    return item;
  });
  CHECK(run_all(work, 30).size() == 30);
}

TEST_CASE("an exception is thrown at its item's place, and the other items are processed") {
  for (const std::size_t threads : {0U, 1U, 4U}) {
    InOrder<int, std::string> work(threads, 4, [](int item) {
      if (item % 3 == 1) throw std::runtime_error("item " + std::to_string(item));
      return std::to_string(item);
    });
    for (int i = 0; i < 4; ++i) work.put(i);
    for (int i = 0; i < 90; ++i) {
      if (i % 3 == 1) {
        CHECK_THROWS_WITH_AS(static_cast<void>(work.take()), ("item " + std::to_string(i)).c_str(), std::runtime_error);
      } else {
        CHECK(work.take() == std::to_string(i));
      }
      work.put(i + 4);
    }
  }
}

TEST_CASE("the destructor waits for items in progress, and begins no others") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> begun{0};
    std::atomic<int> done{0};
    {
      InOrder<int, int> work(2, 20, [&](int item) {
        ++begun;
        volatile int sum = 0;
        for (int i = 0; i < 20'000; ++i) sum = sum + i;
        ++done;
        return item;
      });
      for (int i = 0; i < 20; ++i) work.put(i);
      if (round % 2 == 1) CHECK(work.take() == 0);
    }
    CHECK(begun == done);
  }
}

TEST_CASE("items need not be copied") {
  InOrder<std::unique_ptr<int>, std::unique_ptr<int>> work(
      2, 2, [](const std::unique_ptr<int>& item) { return std::make_unique<int>(*item + 1); });
  work.put(std::make_unique<int>(1));
  work.put(std::make_unique<int>(2));
  CHECK(*work.take() == 2);
  CHECK(*work.take() == 3);
}

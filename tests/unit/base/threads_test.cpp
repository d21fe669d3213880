#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <semaphore>
#include <stdexcept>

#include "base/do_both.hpp"
#include "base/threads.hpp"

using namespace ociferry;
using std::chrono::milliseconds;

TEST_CASE("the core time of a thread grows while it works") {
  const CoreTime mine;
  const auto before = mine.so_far();
  if (!before) return;  // not every kernel tells
  while (*mine.so_far() < *before + milliseconds{20}) {
  }
  CHECK(*mine.so_far() >= *before + milliseconds{20});
}

TEST_CASE("the core time of a thread does not grow while it waits for another") {
  std::atomic<const CoreTime*> its{nullptr};
  std::counting_semaphore<1> may_end{0};
  std::jthread other([&] {
    const CoreTime own;
    its = &own;
    its.notify_all();
    may_end.acquire();
  });
  its.wait(nullptr);
  // It is about to wait: what it still does until then takes no time to speak of.
  const CoreTime mine;
  const auto before = mine.so_far();
  while (before && *mine.so_far() < *before + milliseconds{50}) {
  }
  const auto busy = its.load()->so_far();
  may_end.release();
  CHECK(busy.has_value() == before.has_value());
  CHECK(busy.value_or(milliseconds{0}) < milliseconds{50});
}

TEST_CASE("the core time of a thread that has ended is not known") {
  std::optional<CoreTime> its;
  std::jthread([&] { its.emplace(); }).join();
  CHECK_FALSE(its->so_far());
}

TEST_CASE("two things are done side by side, and both are ended when one fails") {
  std::latch both(2);
  do_both([&] { both.arrive_and_wait(); }, [&] { both.arrive_and_wait(); });
  const auto fail_with = [](const char* why) { return [why] { throw std::runtime_error(why); }; };
  bool done = false;
  const auto work = [&] { done = true; };
  CHECK_THROWS_WITH(do_both(fail_with("first"), work), "first");
  CHECK(done);
  done = false;
  CHECK_THROWS_WITH(do_both(work, fail_with("second")), "second");
  CHECK(done);
  CHECK_THROWS_WITH(do_both(fail_with("first"), fail_with("second")), "first");
}

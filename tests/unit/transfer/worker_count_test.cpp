#include "transfer/worker_count.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

using namespace ociferry;
using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t kCores = 4;
constexpr std::size_t kStart = 8;

/// What so many workers do in a second.
struct Speed {
  double tasks = 0;
  double bytes = 0;
  double cores = 0;  ///< that are busy
};

/// Work that goes as fast as a function of the number of workers says.
class Simulation {
 public:
  explicit Simulation(std::function<Speed(double)> speed, std::size_t cores = kCores,
                      WorkerCount::BrokenOff broken_off = WorkerCount::BrokenOff::Kept, std::size_t proven = 0)
      : speed_(std::move(speed)), workers_(cores, proven, broken_off) {}

  std::size_t run(double seconds) {
    for (const duration<double> end = wall_ + duration<double>(seconds); wall_ < end;) {
      const Speed speed = speed_(static_cast<double>(workers_.count()));
      const duration<double> tick = WorkerCount::kTick;
      wall_ += tick;
      cpu_ += tick * speed.cores;
      tasks_ += tick.count() * speed.tasks;
      bytes_ += tick.count() * speed.bytes;
      const std::size_t before = workers_.count();
      const std::size_t now = workers_.observe({.wall = duration_cast<nanoseconds>(wall_),
                                                .cpu = duration_cast<nanoseconds>(cpu_),
                                                .tasks = static_cast<std::size_t>(tasks_),
                                                .bytes = static_cast<std::uint64_t>(bytes_)});
      CHECK(now == workers_.count());
      if (now > before) ++steps_up_;
      least_ = std::min(least_, now);
      most_ = std::max(most_, now);
    }
    return workers_.count();
  }

  void change(std::function<Speed(double)> speed) { speed_ = std::move(speed); }
  [[nodiscard]] std::size_t least() const { return least_; }
  [[nodiscard]] std::size_t most() const { return most_; }
  [[nodiscard]] int steps_up() const { return steps_up_; }

 private:
  std::function<Speed(double)> speed_;
  WorkerCount workers_;
  duration<double> wall_{0};
  duration<double> cpu_{0};
  double tasks_ = 0;
  double bytes_ = 0;
  std::size_t least_ = WorkerCount::kMost;
  std::size_t most_ = 0;
  int steps_up_ = 0;
};

/// Blobs of `size` bytes over a link with `rate` bytes a second, each of which takes at least `latency` seconds.
std::function<Speed(double)> link(double size, double rate, double latency) {
  return [=](double workers) {
    const double blobs = std::min(workers / (latency + size / rate), rate / size);
    return Speed{blobs, blobs * size, 0.1};
  };
}

}  // namespace

TEST_CASE("the first number of workers follows the cores, within bounds") {
  CHECK(WorkerCount(0).count() == 4);
  CHECK(WorkerCount(1).count() == 4);
  CHECK(WorkerCount(3).count() == 6);
  CHECK(WorkerCount(kCores).count() == kStart);
  CHECK(WorkerCount(64).count() == 8);
}

TEST_CASE("it begins with the number that paid before") {
  CHECK(WorkerCount(kCores, 20).count() == 20);
  CHECK(WorkerCount(kCores, 2).count() == kStart);
  CHECK(WorkerCount(kCores, 1000).count() == WorkerCount::kMost);
  CHECK(WorkerCount(kCores, 1000, WorkerCount::BrokenOff::Lost).count() == kStart);
  CHECK(WorkerCount(kCores, 1000, WorkerCount::BrokenOff::LittleLost).count() == WorkerCount::kMost);
}

TEST_CASE("workers on trial do not count as proven") {
  WorkerCount workers(kCores);
  for (int i = 1; i <= 2; ++i) {
    CHECK(workers.proven() == kStart);
    workers.observe({.wall = i * std::chrono::milliseconds{100}, .tasks = static_cast<std::size_t>(i) * 100});
  }
  CHECK(workers.count() == 2 * kStart);
  CHECK(workers.proven() == kStart);
  for (int i = 3; i <= 4; ++i) {
    workers.observe({.wall = i * std::chrono::milliseconds{100}, .tasks = static_cast<std::size_t>(i) * 200});
  }
  CHECK(workers.proven() == 2 * kStart);
}

TEST_CASE("on a free link with a high latency the number of workers soon reaches the maximum") {
  Simulation far(link(2e3, 1e9, 0.05));
  CHECK(far.run(2) == WorkerCount::kMost);
  CHECK(far.run(60) == WorkerCount::kMost);
  CHECK(far.least() == kStart);
  CHECK(far.steps_up() == 2);
}

TEST_CASE("tasks that move no bytes count as well") {
  Simulation questions([](double workers) { return Speed{workers / 0.2, 0, 0.05}; });
  CHECK(questions.run(5) == WorkerCount::kMost);
}

TEST_CASE("workers are added until the link is full, and removed if they did not pay") {
  // Fourteen fill it: sixteen pay, thirty-two do not.
  Simulation link_of_14([](double workers) {
    const double blobs = std::min(workers, 14.0) / 0.05;
    return Speed{blobs, blobs * 50e3, 0.2};
  });
  CHECK(link_of_14.run(3) == 16);
  CHECK(link_of_14.most() == WorkerCount::kMost);
  for (int i = 0; i < 100; ++i) {
    const std::size_t now = link_of_14.run(1);
    CHECK((now == 16 || now == 24));
  }
  CHECK(link_of_14.steps_up() < 25);
}

TEST_CASE("a link that few large blobs fill keeps the first number of workers, except for rare trials") {
  Simulation full(link(300e6, 20e6, 0.05));
  CHECK(full.run(10) == kStart);
  CHECK(full.steps_up() <= 2);
  std::size_t above = 0;
  for (int i = 0; i < 6000; ++i) above += full.run(0.1) > kStart ? 1 : 0;
  CHECK(above < 600);  // less than a tenth of the time
}

TEST_CASE("with busy cores no workers are added") {
  Simulation busy([](double workers) { return Speed{workers * 10, workers * 10e6, 0.6 * kCores}; });
  CHECK(busy.run(60) == kStart);
  CHECK(busy.most() == kStart);
}

TEST_CASE("with many cores workers are added until these are busy") {
  Simulation wide([](double workers) { return Speed{workers * 10, workers * 10e6, workers}; }, 48);
  CHECK(wide.run(60) == WorkerCount::kMost);
  CHECK(Simulation([](double workers) { return Speed{workers, workers * 10e6, workers}; }, 12).run(60) == 8);
}

TEST_CASE("a server that limits concurrent requests gets no more workers") {
  Simulation limited([](double) { return Speed{20, 1e6, 0.01}; });
  limited.run(60);
  CHECK(limited.least() == kStart);
  CHECK(limited.most() == 2 * kStart);  // the first trial
  CHECK(limited.steps_up() <= 6);
}

TEST_CASE("an idle pause adds no workers, and ends a trial") {
  Simulation paused([](double) { return Speed{}; });
  CHECK(paused.run(30) == kStart);
  CHECK(paused.steps_up() == 0);

  Simulation told_to_wait(link(2e3, 1e9, 0.05));
  while (told_to_wait.steps_up() == 0) told_to_wait.run(0.05);
  told_to_wait.change([](double) { return Speed{}; });
  told_to_wait.run(10);
  CHECK(told_to_wait.steps_up() == 1);
  told_to_wait.change([](double) { return Speed{100, 2e5, 0.01}; });
  CHECK(told_to_wait.run(0.6) == kStart);
}

TEST_CASE("a link that has room again gets another trial") {
  Simulation changing(link(300e6, 20e6, 0.05));
  changing.run(30);
  changing.change(link(2e3, 1e9, 0.05));
  CHECK(changing.run(30) == WorkerCount::kMost);
}

TEST_CASE("if interrupted tasks are lost, a full link runs few long tasks at a time, and many short ones") {
  Simulation full(link(600e6, 20e6, 0.05), kCores, WorkerCount::BrokenOff::Lost);
  CHECK(full.run(9) >= kStart);  // no task has taken long yet
  full.run(60);
  CHECK(full.least() == 2);
  std::size_t few = 0;
  for (int i = 0; i < 600; ++i) few += full.run(0.1) <= 3 ? 1 : 0;
  CHECK(few > 540);
  full.change(link(2e3, 1e9, 0.05));
  CHECK(full.run(30) == WorkerCount::kMost);
}

TEST_CASE("if little is lost, it begins with all workers, and keeps few of them if small tasks take long") {
  constexpr auto kLittle = WorkerCount::BrokenOff::LittleLost;
  Simulation fast(link(100e3, 20e6, 0.2), kCores, kLittle, WorkerCount::kMost);
  fast.run(60);
  CHECK(fast.least() == WorkerCount::kMost);
  Simulation slow(link(1e6, 50e3, 0.6), kCores, kLittle, WorkerCount::kMost);
  slow.run(3600);
  CHECK(slow.least() == 2);
}

TEST_CASE("long tasks with a limit each keep all workers") {
  const auto limited = [](double workers) { return Speed{workers * 2e6 / 600e6, workers * 2e6, 0.1}; };
  Simulation each_limited(limited, kCores, WorkerCount::BrokenOff::Lost);
  CHECK(each_limited.run(60) == WorkerCount::kMost);
  Simulation by_cores(
      [](double workers) {
        return Speed{workers / 60, workers * 10e6, 0.6 * kCores};
      },
      kCores, WorkerCount::BrokenOff::Lost);
  CHECK(by_cores.run(60) == kStart);
}

TEST_CASE("a run whose broken tasks are lost begins with few workers, whatever is known of the network") {
  CHECK(WorkerCount(kCores, WorkerCount::kMost).count() == WorkerCount::kMost);
  CHECK(WorkerCount(kCores, WorkerCount::kMost, WorkerCount::BrokenOff::Lost).count() == 8);
  CHECK(WorkerCount(1, 0, WorkerCount::BrokenOff::Lost).count() == 4);
}

TEST_CASE("a smaller number of workers is measured after the surplus ones have ended their tasks") {
  WorkerCount workers(kCores, 0, WorkerCount::BrokenOff::Lost);
  WorkDone done;
  const auto go_on = [&](std::size_t busy, std::uint64_t bytes) {
    done.wall += std::chrono::seconds{2};
    done.bytes += bytes;
    done.busy = busy;
    return workers.observe(done);
  };
  while (workers.count() >= kStart) go_on(std::min(workers.count(), kStart), 1'000'000'000);
  CHECK(workers.count() == kStart / 2);
  // As many bytes as before, but by as many workers as before: that says nothing.
  for (int i = 0; i < 5; ++i) CHECK(go_on(kStart, 1'000'000'000) == kStart / 2);
  CHECK(workers.proven() == kStart);
  go_on(kStart / 2, 1'000'000'000);
  CHECK(go_on(kStart / 2, 500'000'000) == kStart);  // it was too few
}

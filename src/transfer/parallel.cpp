#include "transfer/parallel.hpp"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/stop.hpp"
#include "base/threads.hpp"
#include "ociferry/error.hpp"
#include "transfer/worker_count.hpp"

namespace ociferry {

namespace {

bool is_interruption(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code() == ErrorCode::Interrupted;
  } catch (...) {
    return false;
  }
}

std::chrono::nanoseconds cpu_of_this_process() noexcept {
  timespec used{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return {};
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

/// Tasks, and the threads that work on them: thread i works while i is below the wanted number, and waits otherwise.
class Pool {
 public:
  Pool(std::size_t count, OnFailure on_failure, const Task& task, const Assist& assist, std::stop_token stop)
      : task_(task), assist_(assist), on_failure_(on_failure), failures_(count), forward_(std::move(stop), [this] {
          inner_.request_stop();
        }) {}

  /// `threads` includes the calling one.
  void run(std::size_t threads) {
    std::vector<std::jthread> others;
    want(threads, others, 1);
    work(std::nullopt);
  }

  /// With the number of threads from `wanted`; the calling thread measures, or works too if the system allows too few.
  void run(WorkerCount& wanted, const BytesMoved& bytes_moved) {
    const auto begin = std::chrono::steady_clock::now();
    const auto cpu_before = cpu_of_this_process();
    std::vector<std::jthread> workers;
    want(wanted.count(), workers, 0);
    while (is_served() && !is_done_after(WorkerCount::kTick)) {
      const auto [ended, busy] = progress();
      const WorkDone done{.wall = std::chrono::steady_clock::now() - begin,
                          .cpu = cpu_of_this_process() - cpu_before,
                          .tasks = ended,
                          .bytes = bytes_moved ? bytes_moved() : 0,
                          .busy = busy};
      want(wanted.observe(done), workers, 0);
      const std::lock_guard lock(mutex_);
      cores_are_idle_ = wanted.cores_are_idle();
    }
    work(std::nullopt);  // any remaining tasks
  }

  [[nodiscard]] std::vector<std::exception_ptr> take_failures() { return std::move(failures_); }

 private:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  /// Lets `count` threads work: `threads`, to which it adds, and `others`. If the system allows no more, half of them
  /// end, so that each remaining one can start a thread for its task.
  void want(std::size_t count, std::vector<std::jthread>& threads, std::size_t others) {
    // No thread works before the number is known: a task must not wait for a thread that waits for a task.
    while (threads.size() + others < std::min({count, assist_ ? kNoLimit : failures_.size(), most_})) {
      std::jthread thread = start_thread([this, slot = threads.size() + others] { work(slot); });
      if (!thread.joinable()) {
        limit((std::max<std::size_t>(threads.size() + 2 * others, 1) - 1) / 2);
        break;
      }
      threads.push_back(std::move(thread));
    }
    {
      const std::lock_guard lock(mutex_);
      wanted_ = count;
    }
    changed_.notify_all();
  }

  /// The system allowed all wanted threads.
  [[nodiscard]] bool is_served() const { return most_ == kNoLimit; }

  /// Threads from slot number `most` on end after their current task.
  void limit(std::size_t most) {
    {
      const std::lock_guard lock(mutex_);
      most_ = most;
    }
    changed_.notify_all();
  }

  /// The calling thread has no slot, and always works.
  void work(std::optional<std::size_t> slot) {
    while (const auto index = take(slot)) {
      try {
        task_(*index, inner_.get_token());
      } catch (...) {
        failures_[*index] = std::current_exception();
        if (on_failure_ == OnFailure::Stop) inner_.request_stop();
      }
      const std::lock_guard lock(mutex_);
      ++ended_;
    }
    changed_.notify_all();
    if (!assist_) return;
    for (Help last = Help::Given; last != Help::Never && may_assist(slot, last);) last = assist_();
  }

  /// Blocks until this thread should assist; false if it never will. `last`: the last result.
  bool may_assist(std::optional<std::size_t> slot, Help last) {
    std::unique_lock lock(mutex_);
    if (last == Help::NotNow) {
      changed_.wait_for(lock, inner_.get_token(), WorkerCount::kTick, [&] { return is_done(); });
    }
    const auto is_surplus = [&] { return slot && *slot >= most_; };
    const auto is_wanted = [&] { return (!slot || *slot < wanted_) && cores_are_idle_; };
    changed_.wait(lock, inner_.get_token(), [&] { return is_done() || is_surplus() || is_wanted(); });
    return !is_done() && !is_surplus();
  }

  /// The next task; nullopt if there is none for this thread. Blocks while enough others work.
  std::optional<std::size_t> take(std::optional<std::size_t> slot) {
    std::unique_lock lock(mutex_);
    const auto is_surplus = [&] { return slot && *slot >= most_; };
    changed_.wait(lock, inner_.get_token(), [&] { return is_over() || !slot || *slot < wanted_ || is_surplus(); });
    if (is_over() || is_surplus()) return std::nullopt;
    return next_++;
  }

  [[nodiscard]] bool is_over() const { return next_ == failures_.size() || inner_.stop_requested(); }

  /// No thread is needed any more.
  [[nodiscard]] bool is_done() const {
    return inner_.stop_requested() || (assist_ ? ended_ == failures_.size() : is_over());
  }

  bool is_done_after(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, inner_.get_token(), time, [&] { return is_done(); }) || inner_.stop_requested();
  }

  /// How many tasks have ended, and how many are under way.
  std::pair<std::size_t, std::size_t> progress() {
    const std::lock_guard lock(mutex_);
    return {ended_, next_ - ended_};
  }

  const Task& task_;
  const Assist& assist_;
  OnFailure on_failure_;
  std::vector<std::exception_ptr> failures_;  ///< each written by the one thread that has its task
  std::stop_source inner_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
  std::size_t wanted_ = 0;
  bool cores_are_idle_ = true;
  std::size_t most_ = kNoLimit;                        ///< threads; written by the calling one
  std::stop_callback<std::function<void()>> forward_;  // last: it may call at once
};

}  // namespace

std::size_t LearnedWorkers::of(const Jobs& jobs) noexcept { return jobs.learned_ ? jobs.learned_->requests.load() : 0; }

void LearnedWorkers::set(const Jobs& jobs, std::size_t number) noexcept {
  if (jobs.learned_) jobs.learned_->requests = number;
}

void LearnedWorkers::note_answer(const Jobs& jobs, std::chrono::nanoseconds time) noexcept {
  if (!jobs.learned_) return;
  const std::int64_t micros = std::max<std::int64_t>(1, std::chrono::floor<std::chrono::microseconds>(time).count());
  std::atomic<std::int64_t>& shortest = jobs.learned_->answer_micros;
  std::int64_t known = shortest;
  while ((known == 0 || micros < known) && !shortest.compare_exchange_weak(known, micros)) {
  }
}

bool LearnedWorkers::is_far(const Jobs& jobs) noexcept {
  return jobs.learned_ && std::chrono::microseconds{jobs.learned_->answer_micros} >= kFar;
}

std::vector<std::exception_ptr> run_parallel(const Jobs& jobs, std::size_t count, OnFailure on_failure,
                                             std::stop_token stop, const Task& task, const BytesMoved& bytes_moved,
                                             const Assist& assist, TaskSize size) {
  Pool pool(count, on_failure, task, assist, stop);
  // Tasks without bytes are small requests. Their best number of workers does not apply to blobs. With assistance,
  // interrupted work is kept.
  using BrokenOff = WorkerCount::BrokenOff;
  const auto lost = size == TaskSize::Small ? BrokenOff::LittleLost : BrokenOff::Lost;
  const auto broken_off = bytes_moved && !assist ? lost : BrokenOff::Kept;
  const std::size_t proven = bytes_moved ? 0 : LearnedWorkers::of(jobs);
  // Where each answer takes long, fewer only wait, and to find that out takes many answers.
  const std::size_t first = LearnedWorkers::is_far(jobs) ? WorkerCount::kMost : proven;
  WorkerCount adaptive(std::thread::hardware_concurrency(), first, broken_off);
  if (jobs.number() && assist) {
    pool.run(std::min(*jobs.number(), std::max(count, WorkerCount::kMost)));
  } else if (jobs.number() || (count <= adaptive.fewest() && !assist)) {
    pool.run(std::min(jobs.number().value_or(count), count));
  } else {
    pool.run(adaptive, bytes_moved);
    if (!bytes_moved) LearnedWorkers::set(jobs, adaptive.proven());
  }
  throw_if_stopped(stop);
  return pool.take_failures();
}

void run_parallel_or_throw(const Jobs& jobs, std::size_t count, std::stop_token stop, const Task& task,
                           const BytesMoved& bytes_moved, const Assist& assist, TaskSize size) {
  const auto failures = run_parallel(jobs, count, OnFailure::Stop, std::move(stop), task, bytes_moved, assist, size);
  std::exception_ptr echo;
  for (const auto& failure : failures) {
    if (!failure) continue;
    if (!is_interruption(failure)) std::rethrow_exception(failure);
    echo = failure;
  }
  if (echo) std::rethrow_exception(echo);
}

void side_by_side(const Jobs& jobs, std::stop_token stop, const std::vector<std::function<void()>>& work) {
  if (!LearnedWorkers::is_far(jobs)) {
    for (const auto& part : work) part();
    return;
  }
  run_parallel_or_throw(jobs, work.size(), std::move(stop), [&](std::size_t i, const std::stop_token&) { work[i](); });
}

std::size_t jobs_or_cores(const Jobs& jobs) noexcept {
  return jobs.number().value_or(std::max<std::size_t>(std::thread::hardware_concurrency(), 1));
}

}  // namespace ociferry

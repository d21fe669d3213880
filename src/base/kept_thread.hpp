#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "base/threads.hpp"

namespace ociferry {

/// A thread that runs work for others, one item after the other. Landlock and seccomp confine a thread and all that it
/// starts, so one that was started before keeps all privileges. Thread-safe. The destructor waits for the running item.
/// If no thread can be started, the first user gets the error.
class KeptThread {
 public:
  KeptThread() : thread_(start_thread([this] { serve(); })) {}
  ~KeptThread() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  KeptThread(const KeptThread&) = delete;
  KeptThread& operator=(const KeptThread&) = delete;

  /// Blocks until `work` has ended there. Throws what it throws, and Error{Io} if there is no thread.
  void run(const std::function<void()>& work) {
    if (!thread_.joinable()) throw no_more_threads("starting a program beside the confined threads");
    const std::lock_guard one_at_a_time(callers_);
    std::unique_lock lock(mutex_);
    work_ = &work;
    changed_.notify_all();
    changed_.wait(lock, [this] { return work_ == nullptr; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || work_ != nullptr; });
      if (ended_) return;
      try {
        (*work_)();
      } catch (...) {
        failure_ = std::current_exception();
      }
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex callers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  const std::function<void()>* work_ = nullptr;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace ociferry

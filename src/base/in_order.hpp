#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/threads.hpp"

namespace ociferry {

/// Does the same work on one item after the other, on several threads, and gives the results back in the order of the
/// items. Used by one thread; `work` is called by several at a time. If the system allows no threads, the user's thread
/// does all. The destructor waits for what is under way.
template <typename In, typename Out>
class InOrder {
 public:
  /// `most`: of items that wait, are under way or were not taken yet.
  InOrder(std::size_t threads, std::size_t most, std::function<Out(In)> work) : work_(std::move(work)), most_(most) {
    for (std::size_t i = 0; i < threads; ++i) {
      std::jthread thread = start_thread([this] { serve(); });
      if (!thread.joinable()) break;
      threads_.push_back(std::move(thread));
    }
  }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;
  ~InOrder() {
    {
      const std::lock_guard lock(mutex_);
      has_ended_ = true;
    }
    changed_.notify_all();
  }

  [[nodiscard]] bool is_full() const noexcept { return items_.size() >= most_; }
  [[nodiscard]] bool is_empty() const noexcept { return items_.empty(); }

  void put(In in) {
    items_.push_back(std::make_unique<Item>(std::move(in)));
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(items_.back().get());
    }
    changed_.notify_all();
  }

  /// Waits for the result of the oldest item; there must be one. Throws what its work throws.
  [[nodiscard]] Out take() {
    const std::unique_ptr<Item> item = std::move(items_.front());
    items_.pop_front();
    std::unique_lock lock(mutex_);
    if (!waiting_.empty() && waiting_.front() == item.get()) {
      waiting_.pop_front();
      lock.unlock();
      return work_(std::move(item->in));
    }
    changed_.wait(lock, [&] { return item->is_done; });
    if (item->failure) std::rethrow_exception(item->failure);
    return *std::move(item->out);
  }

 private:
  struct Item {
    explicit Item(In given) : in(std::move(given)) {}
    In in;
    std::optional<Out> out = {};
    std::exception_ptr failure = {};
    bool is_done = false;
  };

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return has_ended_ || !waiting_.empty(); });
      if (has_ended_) return;
      Item& item = *waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      try {
        item.out = work_(std::move(item.in));
      } catch (...) {
        item.failure = std::current_exception();
      }
      lock.lock();
      item.is_done = true;
      changed_.notify_all();
    }
  }

  std::function<Out(In)> work_;
  std::size_t most_;
  std::deque<std::unique_ptr<Item>> items_;  ///< in order; of the user's thread alone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item*> waiting_;  ///< not begun yet
  bool has_ended_ = false;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use does
};

}  // namespace ociferry

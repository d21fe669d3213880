#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace ociferry {

/// Asks a question that was foreseen, unless someone has begun to; false then. Never throws. Any thread may call it.
using Question = std::function<bool()>;

/// Questions whose answers will be needed, by what they are about. Each is asked once: by whoever runs it first, or by
/// who needs its answer, who waits for it if another thread is asking. Thread-safe.
template <typename Key, typename Answer>
class Foreseen {
 public:
  /// Foresees the question for `key`, which `ask` asks. Null if that is foreseen already.
  [[nodiscard]] Question add(const Key& key, std::function<Answer()> ask) {
    const std::lock_guard lock(mutex_);
    const auto [entry, is_new] = asked_.try_emplace(key);
    if (!is_new) return {};
    entry->second = std::make_shared<Once>(std::move(ask));
    return [once = entry->second] { return once->run(); };
  }

  /// The answer for `key`; nullopt if it was not foreseen, or was taken. Blocks. Throws what the question throws.
  [[nodiscard]] std::optional<Answer> take(const Key& key) {
    const std::shared_ptr<Once> once = remove(key);
    if (!once) return std::nullopt;
    once->run();
    return once->wait();
  }

  /// Nobody needs the answer for `key` any more. False if it was taken, or is being waited for.
  bool drop(const Key& key) {
    const std::shared_ptr<Once> once = remove(key);
    if (once) static_cast<void>(once->begin());
    return once != nullptr;
  }

 private:
  class Once {
   public:
    explicit Once(std::function<Answer()> ask) : ask_(std::move(ask)) {}

    /// True for the first caller only.
    [[nodiscard]] bool begin() {
      const std::lock_guard lock(mutex_);
      return !std::exchange(is_begun_, true);
    }

    bool run() {
      if (!begin()) return false;
      std::optional<Answer> answer;
      std::exception_ptr failure;
      try {
        answer.emplace(ask_());
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
      failure_ = std::move(failure);
      ended_.notify_all();
      return true;
    }

    /// Called once, after `begin` by anyone.
    [[nodiscard]] Answer wait() {
      std::unique_lock lock(mutex_);
      ended_.wait(lock, [this] { return answer_ || failure_; });
      if (failure_) std::rethrow_exception(std::move(failure_));
      return *std::move(answer_);
    }

   private:
    std::function<Answer()> ask_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_begun_ = false;
    std::optional<Answer> answer_;
    std::exception_ptr failure_;
  };

  std::shared_ptr<Once> remove(const Key& key) {
    const std::lock_guard lock(mutex_);
    auto node = asked_.extract(key);
    return node ? std::move(node.mapped()) : nullptr;
  }

  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Once>> asked_;
};

}  // namespace ociferry

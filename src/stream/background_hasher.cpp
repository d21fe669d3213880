#include "stream/background_hasher.hpp"

#include <utility>

#include "base/threads.hpp"

namespace ociferry {

BackgroundHasher::BackgroundHasher(std::function<void(Bytes)> hash)
    : hash_(std::move(hash)), thread_(start_thread([this] { work(); })) {}

BackgroundHasher::~BackgroundHasher() { end(); }

void BackgroundHasher::update(Bytes bytes) {
  if (!thread_.joinable()) return hash_(bytes);
  std::vector<std::byte> copy;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_bytes_ < kQueued || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    if (!spare_.empty()) {
      copy = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  copy.assign(bytes.begin(), bytes.end());
  {
    const std::lock_guard lock(mutex_);
    waiting_bytes_ += copy.size();
    waiting_.push_back(std::move(copy));
  }
  changed_.notify_all();
}

void BackgroundHasher::finish() {
  end();
  if (failure_) std::rethrow_exception(failure_);
}

void BackgroundHasher::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundHasher::work() {
  std::vector<std::byte> bytes;
  try {
    while (take(bytes)) hash_(bytes);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

/// Returns the buffer in `bytes` and replaces it by the next one; false at the end.
bool BackgroundHasher::take(std::vector<std::byte>& bytes) {
  std::unique_lock lock(mutex_);
  if (bytes.capacity() > 0) {
    waiting_bytes_ -= bytes.size();
    spare_.push_back(std::move(bytes));
    changed_.notify_all();
  }
  changed_.wait(lock, [&] { return !waiting_.empty() || ended_; });
  if (waiting_.empty()) return false;
  bytes = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

}  // namespace ociferry

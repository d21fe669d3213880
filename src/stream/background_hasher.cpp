#include "stream/background_hasher.hpp"

#include <algorithm>
#include <iterator>
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
  bool is_batch = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_bytes_ += copy.size();
    waiting_.push_back(std::move(copy));
    is_batch = waiting_bytes_ >= kBatch;
  }
  if (is_batch) changed_.notify_all();
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
  Buffers buffers;
  try {
    while (take(buffers)) {
      for (const std::vector<std::byte>& bytes : buffers) hash_(bytes);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

/// Returns the buffers that were hashed, and replaces them by those that wait; false at the end.
bool BackgroundHasher::take(Buffers& buffers) {
  std::unique_lock lock(mutex_);
  std::ranges::move(buffers, std::back_inserter(spare_));
  buffers.clear();
  changed_.wait(lock, [&] { return waiting_bytes_ >= kBatch || ended_; });
  if (waiting_.empty()) return false;
  std::swap(buffers, waiting_);
  const bool was_full = waiting_bytes_ >= kQueued;
  waiting_bytes_ = 0;
  if (was_full) changed_.notify_all();
  return true;
}

}  // namespace ociferry

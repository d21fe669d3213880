#include "stream/pipe.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/threads.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kCapacity = 1024 * 1024;

/// A ring of bytes between one writer and one reader.
class Ring : public ByteSink {
 public:
  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return used_ < kCapacity || abandoned_; });
      if (abandoned_) throw Error(ErrorCode::Interrupted, "the reader of a stream has ended");
      const std::size_t end = (begin_ + used_) % kCapacity;
      const std::size_t room = std::min(kCapacity - used_, kCapacity - end);
      const std::size_t count = std::min(room, bytes.size());
      std::memcpy(buffer_.data() + end, bytes.data(), count);
      used_ += count;
      bytes = bytes.subspan(count);
      changed_.notify_all();
    }
  }

  std::size_t read(MutableBytes out) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return used_ > 0 || ended_; });
    if (used_ == 0) {
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      return 0;
    }
    const std::size_t count = std::min({out.size(), used_, kCapacity - begin_});
    std::memcpy(out.data(), buffer_.data() + begin_, count);
    begin_ = (begin_ + count) % kCapacity;
    used_ -= count;
    changed_.notify_all();
    return count;
  }

  void end(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kCapacity);
  std::size_t begin_ = 0;
  std::size_t used_ = 0;
  bool ended_ = false;
  bool abandoned_ = false;
  std::exception_ptr failure_;
};

class PipeSource : public ByteSource {
 public:
  PipeSource(std::function<void(ByteSink&, std::stop_token)> produce, std::stop_token outer)
      : forward_(std::move(outer), [this] { thread_stop_.request_stop(); }),
        thread_(start_needed_thread([this, produce = std::move(produce)] { run(produce); },
                                    "passing bytes from one connection to another")) {}

  PipeSource(const PipeSource&) = delete;
  PipeSource& operator=(const PipeSource&) = delete;

  ~PipeSource() override {
    thread_stop_.request_stop();
    ring_.abandon();
    thread_.join();
  }

  std::size_t read(MutableBytes buffer) override { return buffer.empty() ? 0 : ring_.read(buffer); }

 private:
  void run(const std::function<void(ByteSink&, std::stop_token)>& produce) {
    std::exception_ptr failure;
    try {
      produce(ring_, thread_stop_.get_token());
    } catch (...) {
      failure = std::current_exception();
    }
    ring_.end(std::move(failure));
  }

  Ring ring_;
  std::stop_source thread_stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<ByteSource> make_pipe(std::function<void(ByteSink&, std::stop_token)> produce, std::stop_token stop) {
  return std::make_unique<PipeSource>(std::move(produce), std::move(stop));
}

}  // namespace ociferry

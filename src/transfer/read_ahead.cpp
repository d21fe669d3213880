#include "transfer/read_ahead.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/threads.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kSmallBytes = 4 * kMiB;
constexpr std::uint64_t kAheadBytes = 32 * kMiB;
constexpr std::size_t kUsualThreads = 4;

std::string fetch_whole(const Graph::BlobNode& blob, const std::stop_token& stop) {
  StringSink content(blob.descriptor.size);
  VerifyingSink verified(content, blob.descriptor, blob.source->name_of(blob.descriptor.digest));
  blob.source->fetch(blob.descriptor, verified, stop);
  verified.finish();
  return std::move(content.content);
}

/// A response can be damaged in transit, so a registry is asked twice.
std::string fetch_small(const Graph::BlobNode& blob, const std::stop_token& stop) {
  try {
    return fetch_whole(blob, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt || !blob.source->home()) throw;
  }
  return fetch_whole(blob, stop);
}

bool is_small(const Graph::BlobNode& blob) { return blob.descriptor.size <= kSmallBytes; }

}  // namespace

/// The small blobs that were fetched, or are being fetched.
class ReadAhead::Fetched {
 public:
  Fetched(const std::vector<const Graph::BlobNode*>& blobs, std::size_t threads, std::stop_token stop)
      : blobs_(blobs), forward_(std::move(stop), [this] { inner_.request_stop(); }) {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.push_back(start_thread([this] { work(); }));
      if (!threads_.back().joinable()) threads_.pop_back();
    }
  }
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;
  ~Fetched() { inner_.request_stop(); }

  /// The content of a small blob, whose turn it is.
  [[nodiscard]] std::string take(std::size_t index) {
    std::unique_lock lock(mutex_);
    changed_.notify_all();
    if (index >= next_) {  // no thread has begun it
      next_ = index + 1;
      lock.unlock();
      return fetch_small(*blobs_[index], inner_.get_token());
    }
    changed_.wait(lock, inner_.get_token(), [&] { return done_.contains(index); });
    const auto done = done_.find(index);
    if (done == done_.end()) throw_if_stopped(inner_.get_token());
    const Result result = std::move(done->second);
    done_.erase(done);
    held_ -= blobs_[index]->descriptor.size;
    changed_.notify_all();
    if (result.failure) std::rethrow_exception(result.failure);
    return result.content;
  }

 private:
  struct Result {
    std::string content = {};
    std::exception_ptr failure = nullptr;
  };

  /// The next small blob, once there is room for it.
  [[nodiscard]] std::optional<std::size_t> next_blob() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (next_ < blobs_.size() && !is_small(*blobs_[next_])) ++next_;
      if (next_ == blobs_.size() || inner_.stop_requested()) return std::nullopt;
      const std::uint64_t size = blobs_[next_]->descriptor.size;
      if (held_ + size <= kAheadBytes) {
        held_ += size;
        return next_++;
      }
      changed_.wait(lock, inner_.get_token(), [&] { return next_ == blobs_.size() || held_ + size <= kAheadBytes; });
    }
  }

  void work() {
    while (const auto index = next_blob()) {
      Result result;
      try {
        result.content = fetch_small(*blobs_[*index], inner_.get_token());
      } catch (...) {
        result.failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      done_.emplace(*index, std::move(result));
      changed_.notify_all();
    }
  }

  const std::vector<const Graph::BlobNode*>& blobs_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t next_ = 0;    ///< the first blob that nobody has begun; large ones are nobody's
  std::uint64_t held_ = 0;  ///< bytes that are fetched, or being fetched
  std::map<std::size_t, Result> done_;
  std::stop_source inner_;
  std::stop_callback<std::function<void()>> forward_;
  std::vector<std::jthread> threads_;  // last: they use all of this
};

ReadAhead::ReadAhead(std::vector<const Graph::BlobNode*> blobs, const Jobs& jobs, std::stop_token stop)
    : blobs_(std::move(blobs)), stop_(std::move(stop)) {
  const auto small =
      static_cast<std::size_t>(std::ranges::count_if(blobs_, [](auto* blob) { return is_small(*blob); }));
  fetched_ = std::make_unique<Fetched>(blobs_, std::min(jobs.number().value_or(kUsualThreads), small), stop_);
}

ReadAhead::~ReadAhead() = default;

std::unique_ptr<ByteSource> ReadAhead::open(std::size_t index) {
  throw_if_stopped(stop_);
  const Graph::BlobNode& blob = *blobs_[index];
  if (is_small(blob)) return std::make_unique<StringSource>(fetched_->take(index));
  return std::make_unique<VerifyingSource>(blob.source->open(blob.descriptor, 0, stop_), blob.descriptor,
                                           blob.source->name_of(blob.descriptor.digest));
}

}  // namespace ociferry

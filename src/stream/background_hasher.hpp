#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/sizes.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Hashes on a thread of its own, in parallel to the caller; on the caller's thread if the system allows no other. Used
/// by one thread.
class BackgroundHasher {
 public:
  /// `hash` is called with the bytes in order, by one thread; what it updates must not be used before finish().
  explicit BackgroundHasher(std::function<void(Bytes)> hash);
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;
  ~BackgroundHasher();

  /// Copies `bytes`, or hashes them at once if there is no thread. Blocks while more than kQueued bytes wait to be
  /// taken by the thread.
  void update(Bytes bytes);
  /// Blocks until all is hashed. Call once, after the last update. Throws what `hash` has thrown.
  void finish();

  static constexpr std::size_t kQueued = 2 * kMiB;
  /// The thread sleeps until so many bytes wait: to wake it costs as much as to hash some 10 KiB.
  static constexpr std::size_t kBatch = kMiB;

 private:
  using Buffers = std::vector<std::vector<std::byte>>;

  void work();
  [[nodiscard]] bool take(Buffers& buffers);
  void end();

  std::function<void(Bytes)> hash_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Buffers waiting_;
  Buffers spare_;  ///< for reuse
  std::size_t waiting_bytes_ = 0;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

namespace ociferry {

/// The largest request body that a registry, or a proxy in front of it, accepts. Thread-safe.
class ChunkRecord {
 public:
  /// The initial chunk size: below the limit of 100 MB of some proxies.
  static constexpr std::uint64_t kChunkBytes = 64ULL * 1024 * 1024;
  /// The smallest chunk size that is tried.
  static constexpr std::uint64_t kSmallestBytes = 256ULL * 1024;

  /// `configured`: the limit set by the user; 0: none.
  explicit ChunkRecord(std::uint64_t configured) {
    if (configured != 0) limit_ = configured;
  }

  /// The largest accepted body, if known.
  [[nodiscard]] std::optional<std::uint64_t> limit() const;
  /// A body of `bytes` was too large. False if no smaller size is tried.
  [[nodiscard]] bool lower(std::uint64_t bytes);
  /// The registry does not support uploads in chunks.
  void refuse();
  [[nodiscard]] bool is_refused() const;

 private:
  mutable std::mutex mutex_;
  std::optional<std::uint64_t> limit_;
  bool refused_ = false;
};

}  // namespace ociferry

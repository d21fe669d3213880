#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

namespace ociferry {

/// How large the bodies are that a registry, or a proxy in front of it, takes. Thread-safe.
class ChunkRecord {
 public:
  /// What an upload in chunks begins with: below the 100 MB that some proxies allow.
  static constexpr std::uint64_t kChunkBytes = 64ULL * 1024 * 1024;
  /// Whoever refuses even less than this is of no use.
  static constexpr std::uint64_t kSmallestBytes = 256ULL * 1024;

  /// `configured`: the largest body that the user wants to be sent; 0 for any.
  explicit ChunkRecord(std::uint64_t configured) {
    if (configured != 0) limit_ = configured;
  }

  /// The largest body that may be sent, as far as it is known.
  [[nodiscard]] std::optional<std::uint64_t> limit() const;
  /// A body of `bytes` was refused as too large. False if smaller ones are no use.
  [[nodiscard]] bool lower(std::uint64_t bytes);
  /// The registry takes no blobs in chunks.
  void refuse();
  [[nodiscard]] bool is_refused() const;

 private:
  mutable std::mutex mutex_;
  std::optional<std::uint64_t> limit_;
  bool refused_ = false;
};

}  // namespace ociferry

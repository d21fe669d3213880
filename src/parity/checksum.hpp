#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "ociferry/digest.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

/// The first half of the sha256 digest of a block.
using Checksum = std::array<std::byte, 16>;
/// A whole sha256 digest.
using RawDigest = std::array<std::byte, 32>;

[[nodiscard]] RawDigest raw_digest(const Digest& digest);
[[nodiscard]] RawDigest raw_digest_of(Bytes bytes);
[[nodiscard]] Checksum first_half(const Digest& digest);
/// What stands for all of an archive: the digest of the checksums of its blocks.
[[nodiscard]] RawDigest root_of(const std::vector<Checksum>& checksums, std::uint64_t blocks);

/// Computes the checksums of the blocks of a stream of bytes.
class BlockSums {
 public:
  /// Puts those of the blocks one after the other from `next` on, which must be in a table that outlives it.
  BlockSums(std::uint32_t block_bytes, Checksum* next) : block_bytes_(block_bytes), next_(next) {}
  void update(Bytes bytes);
  /// Ends a last block that is shorter.
  void finish();

 private:
  std::uint32_t block_bytes_;
  Checksum* next_;
  std::uint32_t begun_ = 0;  ///< bytes of the block that are in `hasher_`
  std::optional<Hasher> hasher_ = {};
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <vector>

#include "parity/parity_file.hpp"

namespace ociferry {

/// A sequence of bytes of an archive.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// Which blocks are lost: those that cannot be read, whose checksum is another one, or not known.
struct BlockDamage {
  std::vector<bool> is_data_lost = {};    ///< by block of the archive
  std::vector<bool> is_parity_lost = {};  ///< by block of the parity
  std::uint64_t data_lost = 0;
  std::uint64_t parity_lost = 0;
  std::uint64_t rows_beyond = 0;  ///< rows that have lost more blocks than they have of parity

  [[nodiscard]] bool can_be_repaired() const noexcept { return rows_beyond == 0; }
};

/// True if the `size` bytes at `offset` can be read and have this checksum. `buffer` is for reading.
[[nodiscard]] bool is_block(const Medium& medium, std::uint64_t offset, std::size_t size, const Checksum& checksum,
                            MutableBytes buffer);

/// Reads all of `archive`, of which anything may be missing, and of the parity. Blocks. Throws Error{Interrupted}.
[[nodiscard]] BlockDamage find_damage(const Medium& archive, const ParityFile& parity, const ParityWatch& watch);

/// How many blocks of the parity are lost. Reads the parity only. Blocks. Throws Error{Interrupted}.
[[nodiscard]] std::uint64_t count_lost_parity(const ParityFile& parity, const ParityWatch& watch);

/// The lost parts of the archive, in order, those beside each other joined.
[[nodiscard]] std::vector<ByteRange> lost_ranges(const BlockDamage& damage, const ParityShape& shape);

}  // namespace ociferry

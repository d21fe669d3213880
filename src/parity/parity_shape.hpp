#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ociferry {

/// Data and parity columns together: as many as GF(2^8) has elements, but for the zero.
inline constexpr std::uint32_t kMostColumns = 255;
/// Of an archive, and of its parity: what bounds the memory for their checksums.
inline constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 19;
/// Headers and pages of checksums have this size, and all parts of a parity file begin at a multiple of it.
inline constexpr std::size_t kParityPage = 4096;
/// How many checksums a page has.
inline constexpr std::uint64_t kPageChecksums = 254;

/// How the bytes of an archive are laid out as a matrix of blocks. Column c has the blocks from c * rows on, so that
/// neighbouring bytes, such as a volume, are in few columns; row r has the r-th block of each column. Blocks behind
/// the end of the archive are zeros. Each row has a block of each parity column, and survives the loss of as many
/// blocks.
struct ParityShape {
  std::uint64_t archive_bytes = 0;
  std::uint32_t block_bytes = 0;     ///< a power of two
  std::uint32_t columns = 0;         ///< of data
  std::uint32_t parity_columns = 0;  ///< at least 1
  std::uint64_t rows = 0;

  /// Of the archive; the last one may be shorter.
  [[nodiscard]] std::uint64_t blocks() const noexcept { return (archive_bytes + block_bytes - 1) / block_bytes; }
  [[nodiscard]] std::uint64_t parity_blocks() const noexcept { return parity_columns * rows; }
  [[nodiscard]] std::uint64_t column_bytes() const noexcept { return rows * block_bytes; }
  /// The size of block `index` of the archive.
  [[nodiscard]] std::size_t size_of_block(std::uint64_t index) const noexcept;
  /// How many bytes of the archive there are from `offset` on, `most` at most; 0 behind its end.
  [[nodiscard]] std::size_t bytes_at(std::uint64_t offset, std::size_t most) const noexcept;

  friend bool operator==(const ParityShape&, const ParityShape&) = default;
};

/// The shape for `percent` (1 to 100) percent of parity. `block_bytes`: the largest block, a power of two; 0: 64 KiB,
/// less for small archives, more for those of more than kMostBlocks blocks. Throws Error{Usage} for an empty archive.
[[nodiscard]] ParityShape choose_parity_shape(std::uint64_t archive_bytes, unsigned percent,
                                              std::uint32_t block_bytes = 0);

/// Where the parts of a parity file lie: header, table, half of the columns, header, the other half, table, header.
class ParityLayout {
 public:
  explicit ParityLayout(const ParityShape& shape);

  [[nodiscard]] std::uint64_t total_bytes() const noexcept { return headers_[2] + kParityPage; }
  [[nodiscard]] const std::array<std::uint64_t, 3>& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::array<std::uint64_t, 2>& tables() const noexcept { return tables_; }
  [[nodiscard]] std::uint64_t table_pages() const noexcept { return table_pages_; }
  /// The first byte of parity column `column`.
  [[nodiscard]] std::uint64_t column_at(std::uint32_t column) const noexcept;

 private:
  std::uint64_t column_stride_;
  std::uint32_t before_middle_;
  std::uint64_t table_pages_;
  std::array<std::uint64_t, 3> headers_{};
  std::array<std::uint64_t, 2> tables_{};
};

}  // namespace ociferry

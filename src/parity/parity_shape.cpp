#include "parity/parity_shape.hpp"

#include <algorithm>

#include "base/sizes.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// One percent each. More would cost time, since each byte goes into each parity column.
constexpr std::uint64_t kWantedColumns = 100;
constexpr std::uint32_t kUsualBlock = 64 * kKiB;
/// What a disk loses at least.
constexpr std::uint32_t kSmallestBlock = 4 * kKiB;
/// With fewer rows than this, blocks are made smaller.
constexpr std::uint64_t kWantedRows = 8;

/// 1 PiB.
constexpr std::uint64_t kLargestArchive = std::uint64_t{1} << 50;

constexpr std::uint64_t quotient_up(std::uint64_t value, std::uint64_t divisor) {
  return (value + divisor - 1) / divisor;
}

std::uint32_t block_for(std::uint64_t archive_bytes) {
  std::uint32_t block = kUsualBlock;
  while (block > kSmallestBlock && archive_bytes / block < kWantedColumns * kWantedRows) block /= 2;
  return block;
}

}  // namespace

std::size_t ParityShape::size_of_block(std::uint64_t index) const noexcept {
  return bytes_at(index * block_bytes, block_bytes);
}

std::size_t ParityShape::bytes_at(std::uint64_t offset, std::size_t most) const noexcept {
  if (offset >= archive_bytes) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(most, archive_bytes - offset));
}

ParityShape choose_parity_shape(std::uint64_t archive_bytes, unsigned percent, std::uint32_t block_bytes) {
  if (archive_bytes == 0) throw Error(ErrorCode::Usage, "an empty file has nothing that parity could protect");
  if (archive_bytes > kLargestArchive) throw Error(ErrorCode::Usage, "the archive is too large for parity");
  ParityShape shape{.archive_bytes = archive_bytes,
                    .block_bytes = block_bytes == 0 ? block_for(archive_bytes) : block_bytes};
  while (shape.blocks() > kMostBlocks) shape.block_bytes *= 2;
  const std::uint64_t blocks = shape.blocks();
  shape.rows = quotient_up(blocks, kWantedColumns);
  shape.columns = static_cast<std::uint32_t>(quotient_up(blocks, shape.rows));
  // One more: a range of that size which begins and ends within blocks touches one block more in a row.
  shape.parity_columns = static_cast<std::uint32_t>(quotient_up(std::uint64_t{shape.columns} * percent, 100) + 1);
  return shape;
}

ParityLayout::ParityLayout(const ParityShape& shape)
    : column_stride_(quotient_up(shape.column_bytes(), kParityPage) * kParityPage),
      before_middle_(shape.parity_columns - shape.parity_columns / 2),
      table_pages_(quotient_up(shape.blocks() + shape.parity_blocks(), kPageChecksums)) {
  tables_[0] = kParityPage;
  const std::uint64_t columns = tables_[0] + table_pages_ * kParityPage;
  headers_[1] = columns + before_middle_ * column_stride_;
  tables_[1] = columns + shape.parity_columns * column_stride_ + kParityPage;
  headers_[2] = tables_[1] + table_pages_ * kParityPage;
}

std::uint64_t ParityLayout::column_at(std::uint32_t column) const noexcept {
  const std::uint64_t middle = column < before_middle_ ? 0 : kParityPage;
  return tables_[0] + table_pages_ * kParityPage + middle + column * column_stride_;
}

}  // namespace ociferry

#include "parity/damage.hpp"

#include <algorithm>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "parity/patchwork_medium.hpp"

namespace ociferry {

namespace {

class BlockReader {
 public:
  BlockReader(const ParityFile& parity, const ParityWatch& watch)
      : parity_(parity),
        shape_(parity.shape()),
        watch_(watch),
        buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(kMiB, shape_.block_bytes))) {}

  [[nodiscard]] bool is_data_whole(const Medium& archive, std::uint64_t index) {
    return is_whole(archive, index * shape_.block_bytes, shape_.size_of_block(index), index);
  }
  [[nodiscard]] bool is_parity_whole(std::uint64_t index) {
    return is_whole(parity_.medium(), parity_.offset_of(index), shape_.block_bytes, shape_.blocks() + index);
  }

 private:
  bool is_whole(const Medium& medium, std::uint64_t offset, std::size_t size, std::uint64_t in_table) {
    throw_if_stopped(watch_.stop);
    const auto entry = static_cast<std::size_t>(in_table);
    watch_.progress.advance(static_cast<std::int64_t>(size));
    if (!parity_.table().is_known[entry]) return false;
    const bool is_whole = is_block(medium, offset, size, parity_.table().checksums[entry], buffer_);
    medium.done_with(offset, size);
    return is_whole;
  }

  const ParityFile& parity_;
  const ParityShape& shape_;
  const ParityWatch& watch_;
  std::vector<std::byte> buffer_;
};

std::uint64_t rows_beyond_repair(const BlockDamage& damage, const ParityShape& shape) {
  std::uint64_t beyond = 0;
  for (std::uint64_t row = 0; row < shape.rows; ++row) {
    std::uint64_t lost = 0;
    for (std::uint64_t i = row; i < shape.blocks(); i += shape.rows) lost += damage.is_data_lost[i] ? 1U : 0U;
    if (lost == 0) continue;
    for (std::uint64_t i = row; i < shape.parity_blocks(); i += shape.rows) lost += damage.is_parity_lost[i] ? 1U : 0U;
    if (lost > shape.parity_columns) ++beyond;
  }
  return beyond;
}

}  // namespace

bool is_block(const Medium& medium, std::uint64_t offset, std::size_t size, const Checksum& checksum,
              MutableBytes buffer) {
  Hasher hasher;
  for (std::size_t done = 0; done < size; done += buffer.size()) {
    const auto part = buffer.first(std::min(buffer.size(), size - done));
    if (!read_what_is_there(medium, offset + done, part)) return false;
    hasher.update(part);
  }
  return first_half(hasher.finish()) == checksum;
}

BlockDamage find_damage(const Medium& archive, const ParityFile& parity, const ParityWatch& watch) {
  const ParityShape& shape = parity.shape();
  watch.progress.phase("looking for what is damaged",
                       shape.archive_bytes + shape.parity_columns * shape.column_bytes());
  BlockReader reader(parity, watch);
  BlockDamage damage;
  for (std::uint64_t i = 0; i < shape.blocks(); ++i) {
    damage.is_data_lost.push_back(!reader.is_data_whole(archive, i));
    damage.data_lost += damage.is_data_lost.back() ? 1U : 0U;
  }
  for (std::uint64_t i = 0; i < shape.parity_blocks(); ++i) {
    damage.is_parity_lost.push_back(!reader.is_parity_whole(i));
    damage.parity_lost += damage.is_parity_lost.back() ? 1U : 0U;
  }
  damage.rows_beyond = rows_beyond_repair(damage, shape);
  return damage;
}

std::uint64_t count_lost_parity(const ParityFile& parity, const ParityWatch& watch) {
  const ParityShape& shape = parity.shape();
  watch.progress.phase("reading the parity", shape.parity_columns * shape.column_bytes());
  BlockReader reader(parity, watch);
  std::uint64_t lost = 0;
  for (std::uint64_t i = 0; i < shape.parity_blocks(); ++i) lost += reader.is_parity_whole(i) ? 0U : 1U;
  return lost;
}

std::vector<ByteRange> lost_ranges(const BlockDamage& damage, const ParityShape& shape) {
  std::vector<ByteRange> ranges;
  for (std::uint64_t i = 0; i < shape.blocks(); ++i) {
    if (!damage.is_data_lost[i]) continue;
    const std::uint64_t offset = i * shape.block_bytes;
    const std::uint64_t size = shape.size_of_block(i);
    if (!ranges.empty() && ranges.back().offset + ranges.back().size == offset) {
      ranges.back().size += size;
    } else {
      ranges.push_back({offset, size});
    }
  }
  return ranges;
}

}  // namespace ociferry

#include "parity/write_parity.hpp"

#include <algorithm>
#include <bit>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "parity/erasure_code.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kBufferBytes = 28 * kMiB;

class ParityWriter {
 public:
  ParityWriter(const Medium& archive, const ParityShape& shape, WritableMedium& output, const ParityWatch& watch)
      : archive_(archive),
        shape_(shape),
        layout_(shape),
        output_(output),
        watch_(watch),
        code_(shape.columns, shape.parity_columns),
        step_(static_cast<std::size_t>(
            std::min<std::uint64_t>(parity_step(shape.columns + shape.parity_columns), shape.column_bytes()))),
        stride_(step_ + kColumnGap),
        buffer_((std::size_t{shape.columns} + shape.parity_columns) * stride_),
        checksums_(static_cast<std::size_t>(shape.blocks() + shape.parity_blocks())) {
    for (std::uint32_t column = 0; column < shape.columns; ++column) {
      const std::uint64_t first = column * shape.rows;
      sums_.emplace_back(shape.block_bytes, checksums_.data() + std::min(first, shape.blocks()));
      sources_.push_back(buffer_.data() + column * stride_);
    }
    for (std::uint32_t column = 0; column < shape.parity_columns; ++column) {
      sums_.emplace_back(shape.block_bytes, checksums_.data() + shape.blocks() + column * shape.rows);
      results_.push_back(buffer_.data() + (shape.columns + column) * stride_);
    }
  }

  void write(const RawDigest& set) {
    for (std::uint64_t offset = 0; offset < shape_.column_bytes(); offset += step_) {
      throw_if_stopped(watch_.stop);
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(step_, shape_.column_bytes() - offset));
      for (std::uint32_t column = 0; column < shape_.columns; ++column) read(column, offset, size);
      code_.encoder().compute(sources_, results_, size);
      for (std::uint32_t column = 0; column < shape_.parity_columns; ++column) put(column, offset, size);
    }
    for (BlockSums& sums : sums_) sums.finish();
    const ParityHeader header{.shape = shape_, .set = set, .root = root_of(checksums_, shape_.blocks())};
    for (const std::uint64_t at : layout_.tables()) write_checksums(output_, at, header, checksums_);
    for (const std::uint64_t at : layout_.headers()) output_.write_at(at, to_page(header));
  }

 private:
  void read(std::uint32_t column, std::uint64_t offset, std::size_t size) {
    const std::uint64_t at = column * shape_.column_bytes() + offset;
    const MutableBytes place(buffer_.data() + column * stride_, size);
    const std::size_t there = shape_.bytes_at(at, size);
    std::ranges::fill(place.subspan(there), std::byte{0});
    if (there == 0) return;
    if (const std::size_t got = archive_.read_at(at, place.first(there)); got < there) {
      throw Error(ErrorCode::Corrupt, text::cat(archive_.name(), " ends early, at offset ", at + got))
          .hint("it was changed while it was read: run the command again");
    }
    archive_.done_with(at, there);
    sums_[column].update(place.first(there));
    watch_.progress.advance(static_cast<std::int64_t>(there));
  }

  void put(std::uint32_t column, std::uint64_t offset, std::size_t size) {
    const Bytes bytes(results_[column], size);
    sums_[shape_.columns + column].update(bytes);
    output_.write_at(layout_.column_at(column) + offset, bytes);
  }

  const Medium& archive_;
  const ParityShape& shape_;
  ParityLayout layout_;
  WritableMedium& output_;
  const ParityWatch& watch_;
  ErasureCode code_;
  std::size_t step_;
  std::size_t stride_;
  std::vector<std::byte> buffer_;
  std::vector<Checksum> checksums_;
  std::vector<BlockSums> sums_ = {};
  std::vector<const std::byte*> sources_ = {};
  std::vector<std::byte*> results_ = {};
};

}  // namespace

std::size_t parity_step(std::size_t columns) noexcept { return std::bit_floor(kBufferBytes / columns); }

void write_parity(const Medium& archive, const ParityShape& shape, const RawDigest& set, WritableMedium& output,
                  const ParityWatch& watch) {
  watch.progress.phase("computing parity", shape.archive_bytes);
  ParityWriter(archive, shape, output, watch).write(set);
}

}  // namespace ociferry

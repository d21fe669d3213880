#include "parity/rebuild.hpp"

#include <algorithm>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "parity/erasure_code.hpp"
#include "parity/write_parity.hpp"

namespace ociferry {

namespace {

Error changed_meanwhile(const Medium& medium, std::uint64_t offset) {
  return Error(ErrorCode::Io,
               text::cat(medium.name_at(offset), " could be read at offset ", offset, " a moment ago, and cannot now"))
      .hint("the medium fails, or was taken out: copy what is left of it to another one, and repair that");
}

void read_exactly(const Medium& medium, std::uint64_t offset, MutableBytes buffer) {
  if (medium.read_at(offset, buffer) != buffer.size()) throw changed_meanwhile(medium, offset);
}

/// Which columns of a row are lost, and which parity takes their places.
struct RowLoss {
  std::vector<std::uint32_t> lost = {};
  std::vector<std::uint32_t> parity = {};

  friend bool operator==(const RowLoss&, const RowLoss&) = default;
};

class Rebuilder {
 public:
  Rebuilder(const ParityFile& parity, const BlockDamage& damage, WritableMedium& output, const ParityWatch& watch)
      : parity_(parity),
        shape_(parity.shape()),
        damage_(damage),
        output_(output),
        watch_(watch),
        code_(shape_.columns, shape_.parity_columns) {}

  void copy(const Medium& archive) {
    std::vector<std::byte> buffer(kMiB);
    std::uint64_t end = 0;
    for (const ByteRange& lost : lost_ranges(damage_, shape_)) {
      copy(archive, end, lost.offset, buffer);
      end = lost.offset + lost.size;
    }
    copy(archive, end, shape_.archive_bytes, buffer);
  }

  /// Rows with the same losses are computed together, so that each column is read in large steps.
  void compute() {
    for (std::uint64_t row = 0; row < shape_.rows;) {
      const RowLoss loss = loss_of(row);
      const std::uint64_t first = row;
      do {
        ++row;
      } while (row < shape_.rows && loss_of(row) == loss);
      if (!loss.lost.empty()) compute(loss, first * shape_.block_bytes, row * shape_.block_bytes);
    }
  }

 private:
  void copy(const Medium& archive, std::uint64_t offset, std::uint64_t end, std::vector<std::byte>& buffer) {
    while (offset < end) {
      throw_if_stopped(watch_.stop);
      const auto part =
          MutableBytes(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset)));
      read_exactly(archive, offset, part);
      output_.write_at(offset, part);
      archive.done_with(offset, part.size());
      watch_.progress.advance(static_cast<std::int64_t>(part.size()));
      offset += part.size();
    }
  }

  [[nodiscard]] RowLoss loss_of(std::uint64_t row) const {
    RowLoss loss;
    for (std::uint32_t column = 0; column < shape_.columns; ++column) {
      const std::uint64_t block = column * shape_.rows + row;
      if (block < shape_.blocks() && damage_.is_data_lost[block]) loss.lost.push_back(column);
    }
    for (std::uint32_t column = 0; column < shape_.parity_columns && loss.parity.size() < loss.lost.size(); ++column) {
      if (!damage_.is_parity_lost[column * shape_.rows + row]) loss.parity.push_back(column);
    }
    if (loss.parity.size() < loss.lost.size()) {
      throw Error(ErrorCode::Internal, text::cat("row ", row, " has lost more blocks than it has of parity"));
    }
    return loss;
  }

  /// Computes the lost columns, from byte `offset` of each column to `end`.
  void compute(const RowLoss& loss, std::uint64_t offset, std::uint64_t end) {
    const Recovery recovery = code_.recovery(loss.lost, loss.parity);
    const std::size_t columns = recovery.product.sources() + recovery.product.results();
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(parity_step(columns), end - offset));
    const std::size_t stride = step + kColumnGap;
    std::vector<std::byte> buffer(columns * stride);
    std::vector<const std::byte*> sources;
    std::vector<std::byte*> results;
    for (std::size_t i = 0; i < recovery.product.sources(); ++i) sources.push_back(buffer.data() + i * stride);
    for (std::size_t i = sources.size(); i < columns; ++i) results.push_back(buffer.data() + i * stride);
    for (; offset < end; offset += step) {
      throw_if_stopped(watch_.stop);
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(step, end - offset));
      for (std::size_t i = 0; i < sources.size(); ++i) {
        read_source(recovery.sources[i], offset, MutableBytes(buffer).subspan(i * stride, size));
      }
      recovery.product.compute(sources, results, size);
      for (std::size_t i = 0; i < results.size(); ++i) put(loss.lost[i], offset, Bytes(results[i], size));
    }
  }

  /// Blocks of the archive are read where they were copied to: the medium they come from may not give them again.
  void read_source(std::uint32_t column, std::uint64_t offset, MutableBytes place) const {
    if (column >= shape_.columns) {
      read_exactly(parity_.medium(), parity_.layout().column_at(column - shape_.columns) + offset, place);
      return;
    }
    const std::uint64_t at = column * shape_.column_bytes() + offset;
    const std::size_t there = shape_.bytes_at(at, place.size());
    if (there > 0) read_exactly(output_, at, place.first(there));
    std::ranges::fill(place.subspan(there), std::byte{0});
  }

  void put(std::uint32_t column, std::uint64_t offset, Bytes bytes) {
    const std::uint64_t at = column * shape_.column_bytes() + offset;
    const std::size_t size = shape_.bytes_at(at, bytes.size());
    if (size > 0) output_.write_at(at, bytes.first(size));
    watch_.progress.advance(static_cast<std::int64_t>(size));
  }

  const ParityFile& parity_;
  const ParityShape& shape_;
  const BlockDamage& damage_;
  WritableMedium& output_;
  const ParityWatch& watch_;
  ErasureCode code_;
};

}  // namespace

void rebuild(const Medium& archive, const ParityFile& parity, const BlockDamage& damage, WritableMedium& output,
             const ParityWatch& watch) {
  watch.progress.phase("writing the repaired archive", parity.shape().archive_bytes);
  Rebuilder rebuilder(parity, damage, output, watch);
  rebuilder.copy(archive);
  rebuilder.compute();
}

Digest check_rebuilt(const Medium& rebuilt, const ParityFile& parity, const ParityWatch& watch) {
  const ParityShape& shape = parity.shape();
  watch.progress.phase("reading the repaired archive back", shape.archive_bytes);
  std::vector<Checksum> checksums(static_cast<std::size_t>(shape.blocks()));
  BlockSums sums(shape.block_bytes, checksums.data());
  Hasher all;
  std::vector<std::byte> buffer(kMiB);
  MediumSource source(rebuilt, 0, shape.archive_bytes);
  while (const std::size_t got = source.read(buffer)) {
    throw_if_stopped(watch.stop);
    sums.update(Bytes(buffer).first(got));
    all.update(Bytes(buffer).first(got));
    watch.progress.advance(static_cast<std::int64_t>(got));
  }
  sums.finish();
  if (root_of(checksums, shape.blocks()) != parity.header().root) {
    throw Error(ErrorCode::Corrupt, text::cat(rebuilt.name(), " is not the archive that the parity was made of"))
        .hint("a medium fails: copy what is left of archive and parity to another one, and repair that");
  }
  return all.finish();
}

}  // namespace ociferry

#pragma once

#include "medium/writable_medium.hpp"
#include "parity/parity_file.hpp"

namespace ociferry {

/// Makes the parity of `archive` and writes all of the parity file: `output` must have room for it, as ParityLayout
/// says. Reads the archive once, in as many places at a time as there are columns. Takes 44 MiB of memory at most. The
/// same archive and shape give the same bytes. Blocks. Throws as both media, Error{Corrupt} if the archive has become
/// shorter, Error{Interrupted}.
void write_parity(const Medium& archive, const ParityShape& shape, const RawDigest& set, WritableMedium& output,
                  const ParityWatch& watch);

/// How many bytes of each of `columns` columns are in memory at a time.
[[nodiscard]] std::size_t parity_step(std::size_t columns) noexcept;
/// Between those of two columns there is a gap, in bytes: at distances of a power of two, all of them would compete for
/// the same few lines of a cache.
inline constexpr std::size_t kColumnGap = 17 * 64;

}  // namespace ociferry

#pragma once

#include "medium/writable_medium.hpp"
#include "parity/damage.hpp"

namespace ociferry {

/// Writes the whole archive to `output`, which has room for it: copies what is there of `archive`, and computes the
/// rest. `damage` must be what can be repaired. Blocks. Throws as the media, Error{Interrupted}.
void rebuild(const Medium& archive, const ParityFile& parity, const BlockDamage& damage, WritableMedium& output,
             const ParityWatch& watch);

/// Reads all of a rebuilt archive, and returns its digest. Throws Error{Corrupt} unless each block is what it was when
/// the parity was made; Error{Interrupted}; as the medium.
[[nodiscard]] Digest check_rebuilt(const Medium& rebuilt, const ParityFile& parity, const ParityWatch& watch);

}  // namespace ociferry

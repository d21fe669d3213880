#pragma once

#include <cstdint>
#include <vector>

#include "ociferry/digest.hpp"

namespace ociferry {

/// How a compact archive is stored, in bytes.
struct CompactStorage {
  std::uint64_t stored = 0;            ///< of the file; 0 if it is a stream
  std::uint64_t kept = 0;              ///< that reading it keeps: in memory if they are few, else in a temporary file
  std::uint64_t memory = 0;            ///< that reading it takes at most
  std::vector<Digest> builds_on = {};  ///< fingerprints of the archives that reading it needs
};

}  // namespace ociferry

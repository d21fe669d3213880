#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/reference.hpp"

/// Archives that leave out what their receivers have: docs/archive-format.md, "Deltas".
namespace ociferry {

/// Something that a delta builds on.
struct BuiltOn {
  enum class Kind {
    Archive,   ///< `digest` is its fingerprint
    HaveList,  ///< `digest` is that of its bytes
  };
  Kind kind = Kind::Archive;
  Digest digest;
  std::vector<RepositoryName> repositories = {};  ///< have-lists: those that it is about, sorted

  friend auto operator<=>(const BuiltOn&, const BuiltOn&) = default;
};

/// "archive", "have-list"
[[nodiscard]] OCIFERRY_EXPORT std::string_view to_string(BuiltOn::Kind kind);

/// What a delta leaves out.
struct DeltaReport {
  std::size_t blobs_left_out = 0;
  std::uint64_t bytes_left_out = 0;
  std::vector<BuiltOn> builds_on = {};  ///< by digest
  Digest full_fingerprint;              ///< of the archive that leaves out nothing
  std::uint64_t full_bytes = 0;         ///< its length
};

}  // namespace ociferry

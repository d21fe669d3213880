#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ferry/gather/loose_files.hpp"
#include "ociferry/ferry.hpp"
#include "parity/damage.hpp"

namespace ociferry {

/// Parity, and what is left of the archive that it is of.
struct ProtectedArchive {
  std::filesystem::path parity_path = {};
  std::shared_ptr<PatchworkMedium> parity_medium = {};  ///< what `parity` reads
  std::unique_ptr<ParityFile> parity = {};
  std::shared_ptr<PatchworkMedium> archive = {};
};

/// True if there is parity: of the name `parity`, or beside `archive` if that is empty.
[[nodiscard]] bool has_parity(const std::filesystem::path& archive, const std::filesystem::path& parity,
                              const Context& context);

/// Opens both, however damaged. `parity` is empty if it lies beside the archive. Throws Error{NotFound} if either is
/// not there at all; Error{Corrupt} if no header of the parity is whole; Error{Hostile}, Error{Incomplete}.
[[nodiscard]] ProtectedArchive open_protected(const std::filesystem::path& archive, const std::filesystem::path& parity,
                                              const Context& context);

/// True if `parity`, a file or one of its volumes, is there, whole, and what would be made of an archive of this shape
/// whose seal has the digest `set`. Reads all of it. Throws Error{Interrupted}.
[[nodiscard]] bool is_whole_parity(const std::filesystem::path& parity, const ParityShape& shape, const RawDigest& set,
                                   const Context& context);

/// Lines for a message: how much is lost, whether it can be repaired, and where it lies.
[[nodiscard]] std::vector<std::string> lines_about(const ProtectedArchive& both, const BlockDamage& damage);

/// OUT.parity for an archive OUT, which may be divided: where parity is written, and looked for first.
[[nodiscard]] std::filesystem::path parity_path_of(const std::filesystem::path& archive, const Context& context);

}  // namespace ociferry

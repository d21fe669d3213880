#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/volumes.hpp"

/// Parity, by which a damaged archive is repaired: docs/how-to/repair.md. It lies beside the archive, which stays as it
/// is: in OUT.parity, or in volumes OUT.parity.001, OUT.parity.002, ...
namespace ociferry {

/// Where parity goes, and how much.
struct ParityRule {
  unsigned percent = 0;  ///< of the archive: 1 to 100
  /// The size of every volume of parity but the last, in bytes. 0, or parity that is smaller: one file.
  std::uint64_t volume_bytes = 0;
};

/// `ociferry protect`
struct ProtectOptions {
  std::filesystem::path archive = {};  ///< a file, or volumes; see Context::volumes
  ParityRule parity = {};
  std::filesystem::path output = {};              ///< empty: beside the archive, under its name and ".parity"
  bool force = false;                             ///< also replace files at its paths that are no parity
  std::vector<std::filesystem::path> bases = {};  ///< archives that it builds on, if it is a compact one that does
};

struct ProtectReport {
  std::uint64_t archive_bytes = 0;
  std::uint64_t block_bytes = 0;    ///< what is lost as a whole
  std::uint64_t row_blocks = 0;     ///< blocks of the archive that are protected together, those of a row
  std::uint64_t parity_blocks = 0;  ///< how many of them may be lost
  std::uint64_t parity_bytes = 0;   ///< of the files
  std::vector<std::filesystem::path> files = {};
};

/// Verifies an archive, and makes its parity. Reads the archive twice. Throws what verify() throws; Error{Usage} if it
/// is a directory or a stream, or a file would be replaced that is no parity, or is read; Error{Space}, Error{Io}; then
/// no parity has its name, unless only SHA256SUMS beside it could not be written, or not all volumes of it could get
/// theirs: the others are whole then, and still called FILE.NNN.partial.
OCIFERRY_EXPORT ProtectReport protect_archive(const ProtectOptions& options, const Context& context);

/// The same for what an export has just written to `archive`, divided as `volumes` says, without verifying it first.
/// Where volumes fill directories, the parity goes into the last one that takes all of it, or else into volumes that
/// fill what is left of them; set VolumeRule::parity_percent for the export, so that there is room. SHA256SUMS beside
/// the archive, if it names the archive, gets lines of the parity.
OCIFERRY_EXPORT ProtectReport protect_export(const std::filesystem::path& archive, const VolumeRule& volumes,
                                             const Digest& fingerprint, const ParityRule& parity, bool force,
                                             const Context& context);

/// Adds to what an export would write what its parity would: ExportPlan::parity_bytes, and a lack of room for both.
/// Throws Error{Usage} as protect_archive().
OCIFERRY_EXPORT void add_parity(ExportPlan& plan, const ParityRule& parity);

/// Throws Error{Usage} if parity of an export to `archive` would replace a file that is no parity, unless `force`. Call
/// it before the export.
OCIFERRY_EXPORT void check_parity_output(const std::filesystem::path& archive, const VolumeRule& volumes,
                                         const ParityRule& parity, bool force);

/// Of the parity of an archive that is whole.
struct ParityState {
  std::filesystem::path file;
  std::string problem = {};          ///< why it cannot be used at all; then what follows says nothing
  bool is_of_this_archive = true;    ///< false: it was made of another one, and can repair nothing
  std::uint64_t blocks = 0;          ///< of the archive
  std::uint64_t parity_blocks = 0;   ///< of the parity
  std::uint64_t damaged_blocks = 0;  ///< of those
  std::uint64_t damaged_pages = 0;   ///< of its headers and checksums, of which there are several copies
};
struct ParityVerifyReport {
  VerifyReport archive = {};
  std::optional<ParityState> parity = {};  ///< absent: there is none
};

/// verify(), and then checks the parity: `parity`, or the one beside the archive if that is empty. If the archive is
/// damaged and there is parity, the Error of verify() also says what is lost, and whether the parity repairs it. Parity
/// that cannot be used is an Error only if `parity` names it. With a `scrub_log`, scrub() takes the place of verify().
OCIFERRY_EXPORT ParityVerifyReport verify_with_parity(const VerifyOptions& options, const std::filesystem::path& parity,
                                                      const Context& context,
                                                      const std::filesystem::path& scrub_log = {});

/// `ociferry repair`
struct RepairOptions {
  std::filesystem::path archive = {};  ///< a file, a volume, OUT of OUT.001, a list of volumes or a directory of them
  std::filesystem::path output = {};   ///< one file, also of volumes
  std::filesystem::path parity = {};   ///< empty: beside the archive
  bool force = false;                  ///< see ExportOptions
};
struct RepairReport {
  std::uint64_t archive_bytes = 0;
  Digest digest;                     ///< of what was written, as `sha256sum` computes it
  std::uint64_t lost_blocks = 0;     ///< of the archive; 0: nothing was damaged
  std::uint64_t blocks = 0;          ///< of the archive
  std::uint64_t lost_bytes = 0;      ///< in those blocks
  std::uint64_t damaged_parity = 0;  ///< blocks of the parity
};

/// Writes an archive again of which some is lost. What was written is read back and compared with the checksums in the
/// parity before it gets its name. The archive need not be one that can be opened. Reads what is there up to three
/// times. Throws Error{Corrupt}, with nothing written, if more is lost than the parity can repair; Error{NotFound}
/// without parity; Error{Usage} if the output exists and is no archive; Error{Space}, Error{Io}.
OCIFERRY_EXPORT RepairReport repair_archive(const RepairOptions& options, const Context& context);

}  // namespace ociferry

#pragma once

#include <cstddef>
#include <string>

#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"

/// Archives that go through a pipe, onto a tape or over a diode: byte after byte, with no way back. What is read from
/// one needs no functions of its own: `-` among ImportOptions::archives, and as VerifyOptions::archive, is standard
/// input; named pipes and tapes are read in the same way.
namespace ociferry {

/// Where an archive goes as a stream.
struct StreamOutput {
  int fd = 1;                            ///< an open descriptor, not owned
  std::string name = "standard output";  ///< what messages call it
  /// 0, or the N of tar's `--blocking-factor`: each write has N * 512 bytes, and the last one is filled up with zeros.
  std::size_t blocking_factor = 0;
};

/// The largest blocking factor: records of 64 MiB.
inline constexpr std::size_t kMostBlockingFactor = 131072;

/// `ociferry export -o -`: writes the bytes of the archive that `export_archive` would write, in their order.
/// `options.archive` and `options.force` are ignored. Nothing is written before all manifests, configurations and lock
/// files were fetched, and read as the other side will read them. Whatever fails after that, also a layer whose digest
/// is wrong, leaves the receiver with an archive that is cut. Throws Error{Io} if the reader has ended, Error{Usage}
/// for a terminal or a blocking factor above the largest.
OCIFERRY_EXPORT TransferReport export_to_stream(const ExportOptions& options, const StreamOutput& to,
                                                const Context& context);

/// `ociferry copy --tar --to-tar -`: the same for `convert_archive`. All that is read is verified before the first byte
/// is written, and then read again, so nobody is asked for volumes.
OCIFERRY_EXPORT TransferReport convert_to_stream(const ConvertOptions& options, const StreamOutput& to,
                                                 const Context& context);

}  // namespace ociferry

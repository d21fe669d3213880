#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/volumes.hpp"

namespace ociferry {

/// What an archive needs beside it where there is nothing else: the static program, SHA256SUMS of both, and README.txt
/// for the person there.
struct CarriedToolOptions {
  /// A static program of ociferry; or a directory with one as `ociferry` or `bin/ociferry` or, if there is neither, as
  /// `ociferry-amd64` and `ociferry-arm64`, of which all that are there are taken.
  std::filesystem::path from = {};
  std::filesystem::path archive = {};  ///< as in ExportOptions; the files go beside it
  /// Of a divided archive, before write_carried_tool(): what the export wrote. The files go beside the first volume.
  std::vector<WrittenVolume> volumes = {};
  bool sum_archive = true;  ///< read the archive as a whole, for its line in SHA256SUMS; volumes have theirs already
  bool force = false;       ///< replace files of these names even if they are not ours
};

/// A static program of ociferry in memory.
struct CarriedProgram {
  std::string name;          ///< that it gets: "ociferry", or "ociferry-arm64" where there are several
  std::string architecture;  ///< "amd64" or "arm64"
  std::string content;
};

/// Call it before the export. Reads the programs, and checks that they are static ones of ociferry, and that nothing
/// beside the archive would be lost. Writes nothing. Throws Error{Usage}, Error{NotFound}, Error{Io}.
[[nodiscard]] OCIFERRY_EXPORT std::vector<CarriedProgram> read_carried_tool(const CarriedToolOptions& options);

/// A file beside an archive, and what became of the one that was there.
struct CarriedFile {
  enum class State {
    New,
    Replaced,
    Kept,  ///< it had this content
  };
  std::filesystem::path path;
  State state = State::New;
};

struct CarriedToolReport {
  std::vector<CarriedFile> files = {};          ///< programs first
  std::optional<Digest> archive_sum = {};       ///< SHA-256 of the archive's file, if it was read
  std::vector<std::string> missing_files = {};  ///< others that SHA256SUMS names, but that are not there
};

/// Call it after the export. Each file is written under a temporary name, synced and renamed; programs are executable
/// where the file system has modes. Lines of other files in SHA256SUMS are kept. `fingerprint` is the archive's. Blocks
/// until the archive is read. Throws Error; the archive stays as it is, and the same call may be made again.
OCIFERRY_EXPORT CarriedToolReport write_carried_tool(const CarriedToolOptions& options,
                                                     const std::vector<CarriedProgram>& programs,
                                                     const Digest& fingerprint, const Context& context);

}  // namespace ociferry

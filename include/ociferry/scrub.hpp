#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"

/// Verifying archives again and again, so that rot is seen while there is another copy.
namespace ociferry {

/// One line of a scrub log: what became of one archive.
struct ScrubEntry {
  std::string time = {};                    ///< "2026-11-29T22:15:03Z"
  std::string archive = {};                 ///< its path, as it was given
  std::optional<Digest> fingerprint = {};   ///< of its seal; absent: it has none, or it cannot be read
  std::optional<std::uint64_t> bytes = {};  ///< its size; absent if it cannot be told
  bool is_right = false;
  std::string problem = {};  ///< of one that is not right
  bool medium = false;       ///< read from the medium itself
  std::string version = {};  ///< of ociferry
};

/// `ociferry verify --scrub`: verify(), and its outcome appended to `log` as one line, which is a JSON object (manual
/// of `verify`, "SCRUB LOG"). Makes the file, and never changes what is in it. Damage (Error{Corrupt},
/// Error{Incomplete}, Error{Hostile}, Error{Io}) is written down, and thrown again; if the same archive was right
/// before, the message says until when. Other errors are thrown without a line. Throws Error{Usage}, before anything is
/// read, if `log` is a file of another kind, Error{Io}, Error{Space} if it cannot be written.
OCIFERRY_EXPORT VerifyReport scrub(const VerifyOptions& options, const std::filesystem::path& log,
                                   const Context& context);

/// The lines of a scrub log, oldest first. A line that is none, such as one that a full disk has cut, is left out.
/// Throws Error{NotFound}, Error{Io}, Error{Usage} if `log` is a file of another kind.
[[nodiscard]] OCIFERRY_EXPORT std::vector<ScrubEntry> read_scrub_log(const std::filesystem::path& log);

}  // namespace ociferry

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ferry/set/baseline.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// What a site has, in the form that travels: docs/archive-format.md, "Have-lists".
struct HaveList {
  std::set<RepositoryName> repositories = {};  ///< that were listed
  std::set<Digest> archives = {};              ///< fingerprints of those that were listed
  HeldBlobs blobs = {};                        ///< layers; `in` has only names in `repositories`
};

/// The file's text. The same list gives the same bytes.
[[nodiscard]] std::string write_have_list(const HaveList& list);

/// Reads one from anywhere. Throws Error{Hostile} starting with `what` if it is malformed or was written by a newer
/// ociferry.
[[nodiscard]] HaveList parse_have_list(std::string_view text, std::string_view what);

/// True if `text`, which is JSON, may be a have-list rather than anything else.
[[nodiscard]] bool is_have_list(std::string_view text);

}  // namespace ociferry

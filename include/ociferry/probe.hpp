#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// `ociferry probe`
struct ProbeOptions {
  RepositoryName repository = {};
  /// The largest request body that is tried, in bytes. If not given, 32 MiB, and less over a slow link.
  std::optional<std::uint64_t> largest_body = {};
  /// Also try what must be stored to be tried: some 15 tiny objects, which are deleted again.
  bool write = false;
};

enum class ProbeAnswer { Yes, No, Unknown, NotTried };
/// "yes", "no", "unknown", "not tried"
[[nodiscard]] OCIFERRY_EXPORT std::string_view to_string(ProbeAnswer answer) noexcept;

/// What was found out about one capability. Its texts may contain text from outside.
struct ProbeFinding {
  std::string name = {};  ///< "push", "ociIndexes": stays the same in all releases
  std::string what = {};  ///< the same for people
  ProbeAnswer answer = ProbeAnswer::Unknown;
  std::string detail = {};   ///< what was seen, or why it was not tried
  std::string meaning = {};  ///< what that means for an import, and what to do; empty: nothing
};

struct ProbeReport {
  RepositoryName repository = {};
  std::string url = {};                       ///< "https://registry.internal"; empty if it was not reached
  std::vector<ProbeFinding> findings = {};    ///< in the order in which they were tried
  std::vector<std::string> left_behind = {};  ///< what the registry did not delete
  /// Why an import of ordinary bundles would fail; nullopt if nothing speaks against it.
  std::optional<Error> failure = {};
};

/// Finds out what a registry and a user's rights in a repository allow. Blocks for some seconds. What it writes is like
/// nothing else in the registry, and is deleted again, also before an Error leaves; what could not be deleted is in the
/// report, or is a warning if an Error leaves. Throws Error{Interrupted}, and Error{Usage} for unusable options; other
/// failures are in the report.
OCIFERRY_EXPORT ProbeReport probe(const ProbeOptions& options, const Context& context);

}  // namespace ociferry

#pragma once

#include <string>
#include <vector>

#include "support/fault.hpp"

namespace ociferry::testing {

/// One kind of request that ociferry makes.
struct Kind {
  std::string name;
  Match match;
  bool has_request_body = false;
  bool has_answer_body = false;
  bool reads_source = false;     ///< where a command has two ends, it is the source that is asked
  std::uint64_t chunk_size = 0;  ///< of uploads; 0: they are not made in chunks
};
[[nodiscard]] const std::vector<Kind>& kinds();

/// What must come of a fault that happens once, or always.
enum class Expected {
  Success,  ///< the same end as without it
  Failure,  ///< a clear error, and nothing visible changed
  Either,   ///< one of them: it depends on the request's place in the command
};

/// One fault of the matrix.
struct Fall {
  std::string name;
  std::vector<Fault> faults;  ///< of successive requests of the kind; the last one also of all further ones
  Expected once = Expected::Success;
  Expected always = Expected::Failure;
  std::vector<int> exit_codes = {};  ///< of a failure; empty: any that is documented
  std::string kinds = {};            ///< the names of the kinds that it makes sense for, as a regular expression
  bool slow = false;                 ///< takes seconds: not in the sample that the ordinary suite runs
};
[[nodiscard]] const std::vector<Fall>& falls();

}  // namespace ociferry::testing

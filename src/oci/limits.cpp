#include "oci/limits.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void check_depth(std::string_view what, std::size_t depth) {
  if (depth <= limits::kGraphDepth) return;
  throw Error(ErrorCode::Hostile, text::cat(what, " nested deeper than ", limits::kGraphDepth, " levels"));
}

}  // namespace ociferry

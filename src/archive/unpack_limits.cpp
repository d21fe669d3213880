#include "archive/unpack_limits.hpp"

#include "base/text.hpp"

namespace ociferry {

Error beyond_limit(std::string_view what, std::uint64_t limit, std::string_view option) {
  return Error(ErrorCode::Hostile, text::cat(what, " than ", limit, ", which is the limit"))
      .hint(text::cat("if you trust who made it, raise the limit with ", option));
}

void check_unpacked_bytes(std::uint64_t bytes, const UnpackLimits& limits, std::string_view what) {
  if (bytes > limits.bytes) {
    throw beyond_limit(text::cat(what, " unpacks to more bytes"), limits.bytes, "--max-unpacked-size");
  }
}

void check_members(std::uint64_t members, const UnpackLimits& limits, std::string_view what) {
  if (members > limits.members)
    throw beyond_limit(text::cat(what, " has more members"), limits.members, "--max-members");
}

}  // namespace ociferry

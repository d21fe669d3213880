#pragma once

#include <string>

namespace ociferry::testing {

/// A gzip stream and its unpacked bytes.
struct RandomGzip {
  std::string gzip;
  std::string plain;
};

/// A valid stream that no encoder would make: members, heads, blocks, codes, also incomplete ones, matches, padding and
/// trailers drawn by `seed`.
[[nodiscard]] RandomGzip random_gzip(std::uint64_t seed);

}  // namespace ociferry::testing

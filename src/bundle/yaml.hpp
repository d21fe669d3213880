#pragma once

#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

/// What to do with a mapping that holds the same key twice.
enum class RepeatedKeys { Refuse, LastCounts };

/// Parses the first document of YAML (or JSON) text with the scalar types of `resolve_plain_scalar`; every key is
/// text. No document at all is null. Size, depth and the number of values are bounded. Anchors, aliases, merge keys,
/// tags other than `!!str`, control characters and broken UTF-8 are refused.
/// Throws Error{Hostile} starting with `what`.
[[nodiscard]] Json parse_yaml(std::string_view text, std::string_view what, RepeatedKeys repeated);

}  // namespace ociferry

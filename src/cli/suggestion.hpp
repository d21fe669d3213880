#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// The one of `known` that somebody meant who wrote `word`: it begins with it, or it takes few insertions, deletions,
/// replacements and exchanges of neighbours to get there. Empty if none is near, or several are equally near.
[[nodiscard]] std::string meant_by(std::string_view word, const std::vector<std::string>& known);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// The closest match for `word` in `known`: with it as prefix, or within a small edit distance (insertions, deletions,
/// replacements, transpositions). Empty if none is close, or several are equally close.
[[nodiscard]] std::string suggestion_for(std::string_view word, const std::vector<std::string>& known);

}  // namespace ociferry

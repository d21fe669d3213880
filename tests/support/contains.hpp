#pragma once

#include <string_view>

namespace ociferry::testing {

/// True if `part` is somewhere in `text`.
inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace ociferry::testing

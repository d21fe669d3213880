#pragma once

#include <string>
#include <vector>

namespace ociferry {

/// Sorts keys the way imgpkg's YAML writer does: digits count as numbers (a9 before a10), punctuation comes before
/// digits and digits before letters. The result does not depend on the order the keys come in.
void sort_naturally(std::vector<std::string>& keys);

}  // namespace ociferry

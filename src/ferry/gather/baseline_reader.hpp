#pragma once

#include <filesystem>
#include <vector>

#include "ferry/set/baseline.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// What the receivers have, by `have`: archives of any format, seals taken out of archives, and have-lists. All are
/// about one receiver, or each about another one: then only what all of them have counts. Throws Error as the readers
/// of these do. Blocks on the files.
[[nodiscard]] Baseline read_baseline(const std::vector<std::filesystem::path>& have, bool for_each_site,
                                     const Context& context);

}  // namespace ociferry

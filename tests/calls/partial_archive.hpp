#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ociferry::testing {

/// How many bytes of each layer, from its beginning on, the partial file of an archive holds, by digest. `whole` is the
/// archive that it will be. Empty if there is no such file, or its table is not there: then nothing can be kept.
[[nodiscard]] std::map<std::string, std::uint64_t> layers_in_partial(const std::string& partial,
                                                                     const std::string& whole);

}  // namespace ociferry::testing

#pragma once

#include "recipe/gzip_recipe.hpp"

namespace ociferry::recipe {

/// The compressed form of `parts`, whose unpacked bytes are `plain`. Throws Error (Corrupt) if a block has no code for
/// what is in it.
[[nodiscard]] BitRun write_bits(const Parts& parts, Bytes plain);

}  // namespace ociferry::recipe

#pragma once

#include <cstdint>
#include <span>

#include "recipe/deflate.hpp"

namespace ociferry::recipe {

/// The lengths that zlib (GNU gzip, pigz) gives codes for symbols of these counts, at most `limit` bits. `lengths` has
/// the size of `counts`.
void zlib_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths);

/// The lengths that Go gives them.
void go_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths);

/// The run-length form of code lengths, the shortest by the rules that all known encoders follow. `apart`: no run goes
/// over from literals to distances.
[[nodiscard]] std::vector<LengthItem> length_items(const CodeHeader& header, bool apart);

}  // namespace ociferry::recipe

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ociferry::go_deflate {

/// A Huffman code word, its bits already in the order in which DEFLATE writes them (RFC 1951, 3.1.1).
struct Code {
  std::uint16_t bits = 0;
  std::uint8_t length = 0;  ///< 0: the symbol has no code
};

/// Gives every symbol with a count a code word of at most `limit` bits, choosing among the equally good codes the
/// one that Go's encoder chooses. `codes` has the size of `counts`.
void assign_codes(std::span<const std::uint32_t> counts, unsigned limit, std::span<Code> codes);

/// The bits that all symbols take together.
[[nodiscard]] std::uint64_t total_bits(std::span<const std::uint32_t> counts, std::span<const Code> codes);

}  // namespace ociferry::go_deflate

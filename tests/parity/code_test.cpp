#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "parity/erasure_code.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Columns = std::vector<std::string>;

std::vector<const std::byte*> begins_of(const Columns& columns) {
  std::vector<const std::byte*> begins;
  for (const std::string& column : columns) begins.push_back(as_bytes(column).data());
  return begins;
}

Columns product_of(const ColumnProduct& product, const Columns& sources) {
  const std::size_t size = sources.front().size();
  Columns results(product.results(), std::string(size, '\0'));
  std::vector<std::byte*> begins;
  for (std::string& result : results) begins.push_back(std::as_writable_bytes(std::span(result)).data());
  product.compute(begins_of(sources), begins, size);
  return results;
}

/// `count` of the numbers below `bound`, sorted.
std::vector<std::uint32_t> some_below(std::uint32_t bound, std::size_t count, Dice& dice) {
  std::vector<std::uint32_t> all(bound);
  std::iota(all.begin(), all.end(), 0U);
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + dice.below(bound - i)]);
  all.resize(count);
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("lost columns, up to the number of parity columns, are computed from the others in codes of all sizes") {
  Dice dice(seed_of_run());
  for (const auto& sizes : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {1, 1}, {1, 254}, {2, 3}, {10, 2}, {100, 11}, {100, 101}, {127, 128}, {200, 55}, {254, 1}}) {
    const std::uint32_t columns = sizes.first;
    const std::uint32_t parity_columns = sizes.second;
    CAPTURE(columns);
    CAPTURE(parity_columns);
    const ErasureCode code(columns, parity_columns);
    // Also lengths that no vector register divides, and of more than one step.
    for (const std::size_t size : {1U, 33U, 4096U, 9001U}) {
      Columns data;
      for (std::uint32_t i = 0; i < columns; ++i) data.push_back(random_bytes(size, dice.below(1U << 30U)));
      const Columns parity = product_of(code.encoder(), data);
      const std::size_t count = std::min(columns, parity_columns);
      const auto lost = some_below(columns, count, dice);
      const Recovery recovery = code.recovery(lost, some_below(parity_columns, count, dice));
      Columns sources;
      for (const std::uint32_t source : recovery.sources) {
        CHECK_FALSE(std::ranges::binary_search(lost, source));
        sources.push_back(source < columns ? data[source] : parity[source - columns]);
      }
      const Columns computed = product_of(recovery.product, sources);
      REQUIRE(computed.size() == lost.size());
      for (std::size_t i = 0; i < lost.size(); ++i) CHECK(computed[i] == data[lost[i]]);
    }
  }
}

TEST_CASE("the parity of given bytes never changes") {
  // A Cauchy matrix: the coefficient of row i, column j is 1 / (i xor j), i counted from the number of columns on.
  const ErasureCode code(3, 2);
  const Columns parity =
      product_of(code.encoder(), {std::string("\x01", 1), std::string("\0", 1), std::string("\0", 1)});
  CHECK(parity[0] == std::string("\xf4", 1));  // 1 / 3 in the field of 0x11d
  CHECK(parity[1] == std::string("\x47", 1));  // 1 / 4
}

#include "parity/erasure_code.hpp"

#include <isa-l/erasure_code.h>

#include <algorithm>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// So much of each column at a time that those of one step stay in the second cache of a core.
constexpr std::size_t kStepBytes = 2048;
/// Bytes of table for each coefficient.
constexpr std::size_t kTableBytes = 32;

/// The rows of the parity columns.
std::vector<std::uint8_t> cauchy_matrix(std::uint32_t columns, std::uint32_t parity_columns) {
  const std::size_t all = std::size_t{columns} + parity_columns;
  std::vector<std::uint8_t> matrix(all * columns);
  ::gf_gen_cauchy1_matrix(matrix.data(), static_cast<int>(all), static_cast<int>(columns));
  matrix.erase(matrix.begin(), matrix.begin() + static_cast<std::ptrdiff_t>(std::size_t{columns} * columns));
  return matrix;
}

std::vector<std::uint8_t> inverted(std::vector<std::uint8_t> matrix, std::size_t size) {
  std::vector<std::uint8_t> inverse(matrix.size());
  if (::gf_invert_matrix(matrix.data(), inverse.data(), static_cast<int>(size)) != 0) {
    throw Error(ErrorCode::Internal, "a part of a Cauchy matrix could not be inverted");
  }
  return inverse;
}

}  // namespace

ColumnProduct::ColumnProduct(std::size_t sources, const std::vector<std::uint8_t>& matrix)
    : sources_(sources), results_(matrix.size() / sources), tables_(kTableBytes * matrix.size()) {
  std::vector<std::uint8_t> coefficients = matrix;
  ::ec_init_tables(static_cast<int>(sources_), static_cast<int>(results_), coefficients.data(), tables_.data());
}

void ColumnProduct::compute(const std::vector<const std::byte*>& sources, const std::vector<std::byte*>& results,
                            std::size_t size) const {
  // ISA-L changes neither sources nor tables, although its types do not say so.
  std::vector<std::uint8_t*> from(sources_);
  std::vector<std::uint8_t*> to(results_);
  auto* const tables = const_cast<std::uint8_t*>(tables_.data());
  const auto at = [](const std::byte* begin, std::size_t offset) {
    return reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(begin + offset));
  };
  for (std::size_t done = 0; done < size; done += kStepBytes) {
    for (std::size_t i = 0; i < sources_; ++i) from[i] = at(sources[i], done);
    for (std::size_t i = 0; i < results_; ++i) to[i] = at(results[i], done);
    ::ec_encode_data(static_cast<int>(std::min(kStepBytes, size - done)), static_cast<int>(sources_),
                     static_cast<int>(results_), tables, from.data(), to.data());
  }
}

ErasureCode::ErasureCode(std::uint32_t columns, std::uint32_t parity_columns)
    : columns_(columns), matrix_(cauchy_matrix(columns, parity_columns)), encoder_(columns, matrix_) {}

Recovery ErasureCode::recovery(const std::vector<std::uint32_t>& lost, const std::vector<std::uint32_t>& parity) const {
  const std::size_t size = lost.size();
  const auto coefficient = [&](std::uint32_t row, std::uint32_t column) {
    return matrix_[std::size_t{row} * columns_ + column];
  };
  // Each parity column is a sum over all data columns. What the others contribute is subtracted, which is adding, and
  // what is left is solved for the lost ones.
  std::vector<std::uint8_t> of_lost;
  for (const std::uint32_t row : parity) {
    for (const std::uint32_t column : lost) of_lost.push_back(coefficient(row, column));
  }
  const std::vector<std::uint8_t> inverse = inverted(std::move(of_lost), size);
  std::vector<std::uint32_t> sources;
  for (std::uint32_t column = 0; column < columns_; ++column) {
    if (!std::binary_search(lost.begin(), lost.end(), column)) sources.push_back(column);
  }
  const std::size_t others = sources.size();
  const std::size_t width = others + size;
  std::vector<std::vector<std::byte>> rows(size);
  std::vector<const std::byte*> of_others;
  std::vector<std::byte> matrix(size * width);
  std::vector<std::byte*> results;
  for (std::size_t j = 0; j < size; ++j) {
    for (const std::uint32_t column : sources) rows[j].push_back(std::byte{coefficient(parity[j], column)});
    of_others.push_back(rows[j].data());
    results.push_back(matrix.data() + j * width);
  }
  ColumnProduct(size, inverse).compute(of_others, results, others);
  for (std::size_t j = 0; j < size; ++j) {
    std::ranges::transform(inverse.begin() + static_cast<std::ptrdiff_t>(j * size),
                           inverse.begin() + static_cast<std::ptrdiff_t>((j + 1) * size), results[j] + others,
                           [](std::uint8_t value) { return std::byte{value}; });
  }
  for (const std::uint32_t column : parity) sources.push_back(columns_ + column);
  std::vector<std::uint8_t> numbers(matrix.size());
  std::ranges::transform(matrix, numbers.begin(), [](std::byte value) { return std::to_integer<std::uint8_t>(value); });
  ColumnProduct product(sources.size(), numbers);
  return {.sources = std::move(sources), .product = std::move(product)};
}

}  // namespace ociferry

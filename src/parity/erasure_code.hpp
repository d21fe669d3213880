#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace ociferry {

/// Multiplies a matrix over GF(2^8) with columns of bytes.
class ColumnProduct {
 public:
  /// `matrix` has a row for each result, of as many coefficients as there are sources.
  ColumnProduct(std::size_t sources, const std::vector<std::uint8_t>& matrix);

  [[nodiscard]] std::size_t sources() const noexcept { return sources_; }
  [[nodiscard]] std::size_t results() const noexcept { return results_; }
  /// Computes `size` bytes of each result. All have at least that size, and results are no sources.
  void compute(const std::vector<const std::byte*>& sources, const std::vector<std::byte*>& results,
               std::size_t size) const;

 private:
  std::size_t sources_;
  std::size_t results_;
  std::vector<std::uint8_t> tables_;
};

/// How lost data columns are computed.
struct Recovery {
  std::vector<std::uint32_t> sources;  ///< columns; parity columns count from the number of data columns on
  ColumnProduct product;               ///< its results are the lost columns
};

/// A Reed-Solomon code: any `columns` of all columns, data and parity, give the others. Its parity is that of a Cauchy
/// matrix, of which all square parts can be inverted.
class ErasureCode {
 public:
  /// columns + parity_columns: kMostColumns at most.
  ErasureCode(std::uint32_t columns, std::uint32_t parity_columns);

  /// Computes all parity columns of all data columns.
  [[nodiscard]] const ColumnProduct& encoder() const noexcept { return encoder_; }
  /// For `lost` data columns, of the others and as many parity columns, `parity` (from 0 on). Both sorted.
  [[nodiscard]] Recovery recovery(const std::vector<std::uint32_t>& lost,
                                  const std::vector<std::uint32_t>& parity) const;

 private:
  std::uint32_t columns_;
  std::vector<std::uint8_t> matrix_;  ///< a row for each parity column
  ColumnProduct encoder_;
};

}  // namespace ociferry

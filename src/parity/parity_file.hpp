#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "medium/medium.hpp"
#include "medium/writable_medium.hpp"
#include "ociferry/progress.hpp"
#include "parity/parity_header.hpp"

namespace ociferry {

/// Who is told of long work on parity, and may end it.
struct ParityWatch {
  Progress& progress;
  std::stop_token stop = {};
};

/// Where a header is looked for.
enum class HeaderSearch {
  Ends,        ///< at the beginning and the end
  Everywhere,  ///< all is read until one is found
};
/// The header in a parity file, or in a part of one. nullopt if there is none that is whole. Throws Error{Hostile} if
/// only such are there that cannot be believed, Error{Interrupted}.
[[nodiscard]] std::optional<ParityHeader> find_parity_header(const Medium& medium, HeaderSearch where,
                                                             const std::stop_token& stop);

/// The checksums of all blocks, of the archive and then of its parity, column by column.
struct ChecksumTable {
  std::vector<Checksum> checksums = {};
  /// False for those that no whole page has.
  std::vector<bool> is_known = {};
};

/// True if `page` is page `number` of the table, and whole.
[[nodiscard]] bool is_page_of_table(const ParityHeader& header, std::uint64_t number, Bytes page);

/// Writes a copy of the table, which begins at `offset`. Throws as the medium.
void write_checksums(WritableMedium& medium, std::uint64_t offset, const ParityHeader& header,
                     const std::vector<Checksum>& checksums);

/// A parity file, or what is left of it.
class ParityFile {
 public:
  /// Reads the table. `medium` has its parts where `header` says. Throws Error{Corrupt} if the table is whole and yet
  /// not that of the header.
  ParityFile(std::shared_ptr<const Medium> medium, const ParityHeader& header);

  [[nodiscard]] const Medium& medium() const noexcept { return *medium_; }
  [[nodiscard]] const ParityHeader& header() const noexcept { return header_; }
  [[nodiscard]] const ParityShape& shape() const noexcept { return header_.shape; }
  [[nodiscard]] const ParityLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] const ChecksumTable& table() const noexcept { return table_; }
  /// How many headers and pages of checksums, of all copies, are damaged.
  [[nodiscard]] std::uint64_t damaged_pages() const noexcept { return damaged_pages_; }
  /// Where block `index` of the parity lies in the file.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t index) const noexcept;

 private:
  void read_table(std::uint64_t offset);
  void count_headers();

  std::shared_ptr<const Medium> medium_;
  ParityHeader header_;
  ParityLayout layout_;
  ChecksumTable table_;
  std::uint64_t damaged_pages_ = 0;
};

}  // namespace ociferry

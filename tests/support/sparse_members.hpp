#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tar_builder.hpp"

namespace ociferry::testing {

/// The ways in which GNU tar stores files with holes: its own, and those of PAX by their versions.
enum class SparseForm { Gnu, Pax00, Pax01, Pax10 };
inline constexpr std::array kSparseForms{SparseForm::Gnu, SparseForm::Pax00, SparseForm::Pax01, SparseForm::Pax10};

/// A file with holes, which need not make sense.
struct Sparse {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> segments = {};  ///< offset and size
  std::string data = {};                                               ///< of all segments
  std::uint64_t size = 0;                                              ///< of the file
};

namespace detail {

/// One header of GNU tar, and as many more blocks as the map needs.
inline std::string gnu_sparse_headers(const std::string& name, const Sparse& file) {
  std::string header =
      raw_header({.name = name, .type = 'S', .size = file.data.size(), .magic = std::string("ustar  \0", 8)});
  const auto entries = [&](std::string& block, std::size_t at, std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < file.segments.size() && i < first + count; ++i, at += 24) {
      block.replace(at, 11, octal(file.segments[i].first, 11));
      block.replace(at + 12, 11, octal(file.segments[i].second, 11));
    }
    return first + count < file.segments.size() ? '\1' : '\0';
  };
  header[482] = entries(header, 386, 0, 4);
  header.replace(483, 11, octal(file.size, 11));
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, octal(sum, 6) + std::string("\0 ", 2));
  for (std::size_t first = 4; first < file.segments.size(); first += 21) {
    std::string block(512, '\0');
    block[504] = entries(block, 0, first, 21);
    header += block;
  }
  return header;
}

inline std::string numbers(const Sparse& file, char separator) {
  std::string text;
  for (const auto& [offset, size] : file.segments) {
    text += std::to_string(offset) + separator + std::to_string(size) + separator;
  }
  return text;
}

}  // namespace detail

/// A tar with that file in it.
[[nodiscard]] inline TarBuilder sparse_member(const std::string& name, const Sparse& file, SparseForm form) {
  if (form == SparseForm::Gnu) return TarBuilder().raw(detail::gnu_sparse_headers(name, file)).raw(padded(file.data));
  const std::string size = std::to_string(file.size);
  if (form == SparseForm::Pax10) {
    const std::string map = padded(std::to_string(file.segments.size()) + "\n" + detail::numbers(file, '\n'));
    return TarBuilder()
        .pax(pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
             pax_record("GNU.sparse.name", name) + pax_record("GNU.sparse.realsize", size))
        .file("GNUSparseFile.0/x", map + file.data);
  }
  std::string records =
      pax_record("GNU.sparse.size", size) + pax_record("GNU.sparse.numblocks", std::to_string(file.segments.size()));
  if (form == SparseForm::Pax00) {
    for (const auto& [offset, length] : file.segments) {
      records += pax_record("GNU.sparse.offset", std::to_string(offset)) +
                 pax_record("GNU.sparse.numbytes", std::to_string(length));
    }
    return TarBuilder().pax(records).file(name, file.data);
  }
  std::string map = detail::numbers(file, ',');
  if (!map.empty()) map.pop_back();
  return TarBuilder()
      .pax(records + pax_record("GNU.sparse.name", name) + pax_record("GNU.sparse.map", map))
      .file("GNUSparseFile.0/x", file.data);
}

}  // namespace ociferry::testing

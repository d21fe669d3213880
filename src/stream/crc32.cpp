#include "stream/crc32.hpp"

#include <array>

namespace ociferry {

namespace {

constexpr std::size_t kSlices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

/// tables[k][b] is the effect of byte b followed by k zero bytes, so eight bytes take eight independent look-ups.
constexpr Tables make_tables() {
  constexpr std::uint32_t kPolynomial = 0xEDB88320;
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t at(Bytes bytes, std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); }

std::uint32_t add_eight(std::uint32_t crc, Bytes bytes) {
  crc ^= at(bytes, 0) | at(bytes, 1) << 8 | at(bytes, 2) << 16 | at(bytes, 3) << 24;
  return kTables[7][crc & 0xFF] ^ kTables[6][(crc >> 8) & 0xFF] ^ kTables[5][(crc >> 16) & 0xFF] ^
         kTables[4][crc >> 24] ^ kTables[3][at(bytes, 4)] ^ kTables[2][at(bytes, 5)] ^ kTables[1][at(bytes, 6)] ^
         kTables[0][at(bytes, 7)];
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, Bytes bytes) noexcept {
  crc = ~crc;
  for (; bytes.size() >= kSlices; bytes = bytes.subspan(kSlices)) crc = add_eight(crc, bytes.first(kSlices));
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  return ~crc;
}

}  // namespace ociferry

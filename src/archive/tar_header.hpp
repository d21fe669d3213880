#pragma once

#include <cstdint>
#include <string>

namespace ociferry {

/// Headers and content of a tar archive are padded to whole blocks of this size.
inline constexpr std::uint64_t kTarBlock = 512;

/// What a tar member is.
enum class TarType { File, Directory };

/// A member of a tar archive whose bytes depend on nothing else: no owner, no time.
struct TarEntry {
  std::string name;  ///< path with forward slashes; of a directory without one at its end
  TarType type = TarType::File;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;  ///< bytes that follow the header; 0 for a directory
};

/// The blocks in front of a member's content, byte-equal to those of Go's archive/tar: one ustar header if it can hold
/// everything, else a PAX extended header (POSIX.1-2008, pax) before it. A mode above 07777777, which neither can
/// hold, takes the GNU form. The length is a multiple of kTarBlock.
[[nodiscard]] std::string tar_header(const TarEntry& entry);
/// Its length, without making it where that is possible.
[[nodiscard]] std::uint64_t tar_header_size(const TarEntry& entry);

/// The zero bytes that follow a content of `size` bytes, up to the next whole block.
[[nodiscard]] constexpr std::uint64_t tar_padding(std::uint64_t size) {
  return (kTarBlock - size % kTarBlock) % kTarBlock;
}

/// The zero bytes that end an archive.
inline constexpr std::uint64_t kTarEnd = 2 * kTarBlock;

}  // namespace ociferry

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "stream/stream.hpp"

namespace ociferry::recipe {

static_assert(std::endian::native == std::endian::little, "bits are taken from words in the stream's byte order");

/// Bits of a stream, the lowest of each byte first. Used by one thread.
class BitReader {
 public:
  explicit BitReader(ByteSource& source) : source_(source), buffer_(kBuffer) {}

  /// Makes 56 bits available, or all that are left.
  void refill() {
    if (end_ - at_ >= 8) [[likely]] {
      std::uint64_t word = 0;
      std::memcpy(&word, buffer_.data() + at_, sizeof word);
      bits_ |= word << count_;
      at_ += (63 - count_) >> 3;
      count_ |= 56;
    } else {
      refill_slowly();
    }
  }
  /// The next bits, zeros behind the end; of those that are available.
  [[nodiscard]] std::uint64_t peek() const noexcept { return bits_; }
  /// Takes bits that are available. Throws Error (Corrupt) if the stream has fewer.
  void drop(unsigned count) {
    if (count > count_) [[unlikely]]
      throw_ends_early();
    bits_ >>= count;
    count_ -= count;
  }
  /// Takes up to 32 bits of those that are available.
  std::uint32_t take_available(unsigned count) {
    const auto value = static_cast<std::uint32_t>(bits_ & ((std::uint64_t{1} << count) - 1));
    drop(count);
    return value;
  }
  std::uint32_t take(unsigned count) {
    refill();
    return take_available(count);
  }
  /// How many bits there are up to the end of the byte: 0..7.
  [[nodiscard]] unsigned bits_of_byte() const noexcept { return count_ & 7; }
  /// Reads up to `most` whole bytes, at the beginning of a byte; fewer only at the end.
  void read_bytes(std::size_t most, std::vector<std::byte>& to);
  /// True at the end of the stream, at the beginning of a byte.
  [[nodiscard]] bool at_end();
  /// The next bytes without taking them, at the beginning of a byte; at most 8, fewer at the end.
  [[nodiscard]] Bytes next_bytes(std::size_t count);

 private:
  static constexpr std::size_t kBuffer = 256 * 1024;
  static constexpr std::size_t kKept = 8;  ///< bytes before at_ that may be given back

  void refill_slowly();
  bool read_more();
  void give_back();
  [[noreturn]] static void throw_ends_early();

  ByteSource& source_;
  std::vector<std::byte> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
  std::uint64_t bits_ = 0;  ///< above count_: zeros, or what follows
  unsigned count_ = 0;
};

}  // namespace ociferry::recipe

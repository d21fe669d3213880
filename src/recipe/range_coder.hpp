#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "stream/stream.hpp"

namespace ociferry::recipe {

/// How likely a bit is to be 1, learned from those before; 1 is the rarer case where that is known.
class BitModel {
 public:
  /// In units of 1/65536, never 0 and never 65536.
  [[nodiscard]] std::uint32_t one() const noexcept { return one_; }
  void learn(bool bit) noexcept {
    const unsigned rate = kRates.data()[seen_];
    if (bit) {
      one_ = static_cast<std::uint16_t>(one_ + ((65535U - one_) >> rate));
    } else {
      one_ = static_cast<std::uint16_t>(one_ - (one_ >> rate));
    }
    seen_ = static_cast<std::uint16_t>(seen_ + (seen_ + 1U < kRates.size() ? 1U : 0U));
  }

 private:
  /// Fast at first, then slow: a quarter, an eighth, ..., 1/128 of the way.
  static constexpr std::array<std::uint8_t, 64> kRates = {
      1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6,
      6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7};
  std::uint16_t one_ = 1U << 15;
  std::uint16_t seen_ = 0;
};

/// Writes bits in about as much room as their models say. Encoder and decoder have the same functions, so that one text
/// of code serves both: a decoder ignores the values that it is given, and returns those it read.
class RangeEncoder {
 public:
  static constexpr bool kDecodes = false;

  /// The coded bytes are appended to `out`, which must outlive this.
  explicit RangeEncoder(std::vector<std::byte>& out) : out_(out) {}

  bool bit(BitModel& model, bool value) {
    const std::uint32_t bound = (range_ >> 16) * model.one();
    if (value) {
      range_ = bound;
    } else {
      low_ += bound;
      range_ -= bound;
    }
    model.learn(value);
    while (range_ < kLeast) shift();
    return value;
  }
  /// `count` bits without a model, at most 32.
  std::uint32_t raw(std::uint32_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) {
      range_ >>= 1;
      if ((value >> i & 1U) == 0) low_ += range_;
      while (range_ < kLeast) shift();
    }
    return value;
  }
  /// Call once, at the end.
  void finish();

 private:
  static constexpr std::uint32_t kLeast = 1U << 24;
  void shift();
  void carry();

  std::vector<std::byte>& out_;
  std::uint64_t low_ = 0;
  std::uint32_t range_ = 0xFFFFFFFF;
};

/// Reads what RangeEncoder wrote.
class RangeDecoder {
 public:
  static constexpr bool kDecodes = true;

  explicit RangeDecoder(Bytes coded) : coded_(coded) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next_byte();
  }

  /// Throws Error (Corrupt) when far more is asked for than was written.
  bool bit(BitModel& model, bool /*value*/) {
    const std::uint32_t bound = (range_ >> 16) * model.one();
    const bool value = code_ < bound;
    if (value) {
      range_ = bound;
    } else {
      code_ -= bound;
      range_ -= bound;
    }
    model.learn(value);
    while (range_ < kLeast) shift();
    return value;
  }
  std::uint32_t raw(std::uint32_t /*value*/, unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
      range_ >>= 1;
      const bool one = code_ < range_;
      if (!one) code_ -= range_;
      value = value << 1 | (one ? 1U : 0U);
      while (range_ < kLeast) shift();
    }
    return value;
  }
  /// Throws Error (Corrupt) unless all of the coded bytes were needed.
  void finish() const;

 private:
  static constexpr std::uint32_t kLeast = 1U << 24;
  void shift() {
    code_ = code_ << 8 | next_byte();
    range_ <<= 8;
  }
  std::uint32_t next_byte() {
    if (at_ < coded_.size()) [[likely]]
      return std::to_integer<std::uint32_t>(coded_[at_++]);
    return byte_behind_end();
  }
  std::uint32_t byte_behind_end();

  Bytes coded_;
  std::size_t at_ = 0;
  std::size_t behind_ = 0;
  std::uint32_t code_ = 0;
  std::uint32_t range_ = 0xFFFFFFFF;
};

/// A number of at most `Bits` bits, the highest first, each with a model that depends on those above.
template <unsigned Bits>
class TreeModel {
 public:
  template <typename Coder>
  std::uint32_t code(Coder& coder, std::uint32_t value) {
    std::uint32_t node = 1;
    for (unsigned i = Bits; i-- > 0;) node = node << 1 | (coder.bit(bits_[node], (value >> i & 1U) != 0) ? 1U : 0U);
    return node - (1U << Bits);
  }

 private:
  std::array<BitModel, std::size_t{1} << Bits> bits_;
};

/// A number that is mostly small: how many bits it has, which has a model, then the bits, of which the highest has one.
class NumberModel {
 public:
  /// `value` in 0..2^30. A decoder throws Error (Corrupt) for more.
  template <typename Coder>
  std::uint32_t code(Coder& coder, std::uint32_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value + 1));
    unsigned bits = 1;
    while (coder.bit(longer_[bits], bits < width)) {
      if (++bits > kMostBits) throw_too_large();
    }
    if (bits == 1) return 0;
    const unsigned low = bits - 2;
    const std::uint32_t head = coder.bit(second_[bits], ((value + 1) >> low & 1U) != 0) ? 3 : 2;
    return (head << low | coder.raw((value + 1) & ((1U << low) - 1), low)) - 1;
  }

 private:
  static constexpr unsigned kMostBits = 30;
  [[noreturn]] static void throw_too_large();
  std::array<BitModel, kMostBits + 1> longer_;
  std::array<BitModel, kMostBits + 1> second_;
};

}  // namespace ociferry::recipe

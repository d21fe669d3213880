#pragma once

#include <cstdint>
#include <string>

namespace ociferry::testing {

/// Writes bits, the lowest first, as DEFLATE does.
class BitText {
 public:
  BitText& bits(std::uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i, ++used_) {
      if (used_ % 8 == 0) text_ += '\0';
      if ((value >> i & 1U) != 0)
        text_.back() = static_cast<char>(static_cast<unsigned char>(text_.back()) | 1U << used_ % 8);
    }
    return *this;
  }
  /// A Huffman code, whose highest bit comes first.
  BitText& code(std::uint32_t value, unsigned length) {
    for (unsigned i = length; i-- > 0;) bits(value >> i & 1U, 1);
    return *this;
  }
  /// Up to the byte's end, with these bits.
  BitText& pad(std::uint32_t value) { return bits(value, static_cast<unsigned>((8 - used_ % 8) % 8)); }
  /// Whole bytes, at the beginning of a byte.
  BitText& bytes(const std::string& bytes) {
    text_ += bytes;
    used_ += 8 * bytes.size();
    return *this;
  }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::size_t used_ = 0;
};

/// A member's head without flags, and a trailer that is wrong for almost everything.
inline const std::string kPlainHead("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
inline const std::string kAnyTrailer("\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);

}  // namespace ociferry::testing

#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small text tools; std only.
namespace ociferry::text {

namespace detail {
inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, char piece) { out += piece; }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void append(std::string& out, T number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}
}  // namespace detail

/// Joins texts and whole numbers into one string.
template <typename... Pieces>
[[nodiscard]] std::string cat(const Pieces&... pieces) {
  std::string out;
  (detail::append(out, pieces), ...);
  return out;
}

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// For messages: the first `most` parts, each on a line of its own after "  - ", then how many more there are. Begins
/// with an end of line.
[[nodiscard]] std::string listed(const std::vector<std::string>& parts, std::size_t most = 10);
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// '0' to '9'.
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
/// ASCII only.
[[nodiscard]] std::string lower(std::string_view text);
/// ASCII only.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// Takes the first code point off `text`, which is not empty. nullopt, with one byte taken off, if `text` does not
/// begin with well-formed UTF-8 (RFC 3629).
[[nodiscard]] std::optional<char32_t> take_code_point(std::string_view& text) noexcept;
/// What stands for bytes that are no UTF-8.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;
/// True if all of `text` is well-formed UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Text from outside, made safe for a terminal or a log line: control, bidirectional and zero-width characters and
/// broken UTF-8 appear as `\u{...}`. Keeps at most `limit` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 4096);

/// "1.4 GB", "512 B": in decimal units.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace ociferry::text

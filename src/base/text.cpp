#include "base/text.hpp"

#include <algorithm>

namespace ociferry::text {

namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  ///< bytes; 0 if malformed
};

/// The code point at the front of `text`, which is not empty (RFC 3629).
CodePoint decode(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  char32_t value = 0;
  char32_t least = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, value = first & 0x1F, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, value = first & 0x0F, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, value = first & 0x07, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < least || value > 0x10FFFF || surrogate) return {};
  return {value, length};
}

/// How many bytes of `text` come before the first that is not ASCII.
std::size_t ascii_prefix(std::string_view text) noexcept {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_ascii) - text.begin());
}

bool is_unprintable(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) ||                          // C0, DEL, C1
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||  // bidirectional overrides
         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2060 || c == 0xFEFF || c == 0x061C;
}

void append_escape(std::string& out, char32_t c) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(c), 16).ptr;
  out += "\\u{";
  out.append(digits.data(), end);
  out += '}';
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string listed(const std::vector<std::string>& parts, std::size_t most) {
  std::string lines;
  for (std::size_t i = 0; i < parts.size() && i < most; ++i) lines += "\n  - " + parts[i];
  if (parts.size() > most) lines += cat("\n  - and ", parts.size() - most, " more");
  return lines;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower_char);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower_char, lower_char);
}

std::optional<char32_t> take_code_point(std::string_view& text) noexcept {
  const CodePoint c = decode(text);
  text.remove_prefix(std::max<std::size_t>(c.length, 1));
  return c.length > 0 ? std::optional(c.value) : std::nullopt;
}

bool is_utf8(std::string_view text) noexcept {
  while (true) {
    text.remove_prefix(ascii_prefix(text));
    if (text.empty()) return true;
    if (!take_code_point(text)) return false;
  }
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty() && out.size() < limit) {
    const std::string_view before = text;
    const auto point = take_code_point(text);
    if (!point) {
      append_escape(out, static_cast<unsigned char>(before.front()));
    } else if (is_unprintable(*point)) {
      append_escape(out, *point);
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  if (!text.empty()) out += "...";
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return cat(bytes, " B");
  std::size_t unit = 0;
  std::uint64_t scale = 1000;
  while (unit + 1 < kUnits.size() && bytes / scale >= 1000) {
    scale *= 1000;
    ++unit;
  }
  const std::uint64_t tenths = bytes / (scale / 10);
  return cat(tenths / 10, '.', tenths % 10, ' ', kUnits[unit]);
}

}  // namespace ociferry::text

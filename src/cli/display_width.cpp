#include "cli/display_width.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace ociferry {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// Unicode's East Asian Width W and F, by blocks; these include unassigned code points.
constexpr std::array<Range, 18> kWide = {{{0x1100, 0x115F},
                                          {0x231A, 0x231B},
                                          {0x23E9, 0x23F3},
                                          {0x2614, 0x2615},
                                          {0x2648, 0x2653},
                                          {0x26A1, 0x26A1},
                                          {0x2705, 0x2705},
                                          {0x274C, 0x274E},
                                          {0x2795, 0x2797},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0xA4CF},
                                          {0xA960, 0xA97F},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F000, 0x3FFFD}}};

constexpr std::array<Range, 7> kCombining = {{{0x0300, 0x036F},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05BD},
                                              {0x1AB0, 0x1AFF},
                                              {0x1DC0, 0x1DFF},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE2F}}};

template <std::size_t Count>
bool is_in(const std::array<Range, Count>& ranges, char32_t c) noexcept {
  return std::ranges::any_of(ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

/// Takes the first character off `text`; returns its columns.
std::size_t take_width(std::string_view& text) noexcept {
  const char32_t c = text::take_code_point(text).value_or(text::kReplacementCharacter);
  if (is_in(kCombining, c)) return 0;
  return is_in(kWide, c) ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) width += take_width(text);
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  constexpr std::string_view kMore = "..";
  const std::string_view more = kMore.substr(0, columns);
  std::size_t width = more.size();
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view next = rest;
    width += take_width(next);
    if (width > columns) break;
    rest = next;
  }
  return std::string(text.substr(0, text.size() - rest.size())).append(more);
}

}  // namespace ociferry

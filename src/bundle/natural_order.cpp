#include "bundle/natural_order.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace ociferry {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// True if a code point is a letter. Beyond ASCII an approximation: all but the blocks of signs and marks.
bool is_letter(char32_t point) {
  using Range = std::pair<char32_t, char32_t>;
  constexpr std::array<Range, 17> kOthers = {{{0x80, 0xA9},
                                              {0xAB, 0xB4},
                                              {0xB6, 0xB9},
                                              {0xBB, 0xBF},
                                              {0xD7, 0xD7},
                                              {0xF7, 0xF7},
                                              {0x300, 0x36F},
                                              {0x660, 0x669},
                                              {0x966, 0x96F},
                                              {0x2000, 0x2070},
                                              {0x2074, 0x207E},
                                              {0x2080, 0x208E},
                                              {0x20A0, 0x20FF},
                                              {0x2190, 0x2BFF},
                                              {0x3000, 0x3004},
                                              {0xE000, 0xF8FF},
                                              {0x1F000, 0x1FAFF}}};
  if (point < 0x80) return (point >= 'A' && point <= 'Z') || (point >= 'a' && point <= 'z');
  return std::ranges::none_of(kOthers,
                              [&](const Range& range) { return point >= range.first && point <= range.second; });
}

std::string_view digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text::is_digit(text[end])) ++end;
  return text.substr(at, end - at);
}

std::string_view without_leading_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

/// True if the digits before `at` have a digit other than zero, so that zeros from `at` on count.
bool continues_number(std::string_view text, std::size_t at) {
  while (at > 0 && text::is_digit(text[at - 1])) {
    if (text[--at] != '0') return true;
  }
  return false;
}

/// The first difference of two texts, at the start of a character.
std::size_t first_difference(std::string_view a, std::string_view b) {
  auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  while (at > 0 && at < a.size() && at < b.size() && (is_continuation(a[at]) || is_continuation(b[at]))) --at;
  return at;
}

bool naturally_less(std::string_view a, std::string_view b) {
  const std::size_t at = first_difference(a, b);
  if (at == a.size() || at == b.size()) return a.size() < b.size();
  std::string_view a_rest = a.substr(at);
  std::string_view b_rest = b.substr(at);
  const char32_t a_point = text::take_code_point(a_rest).value_or(text::kReplacementCharacter);
  const char32_t b_point = text::take_code_point(b_rest).value_or(text::kReplacementCharacter);
  const bool b_is_letter = is_letter(b_point);
  if (is_letter(a_point)) return b_is_letter && a_point < b_point;
  if (b_is_letter) return true;

  const std::string_view a_run = digits_at(a, at);
  const std::string_view b_run = digits_at(b, at);
  const bool zeros_count = (a_point == '0' || b_point == '0') && continues_number(a, at);
  const std::string_view a_number = zeros_count ? a_run : without_leading_zeros(a_run);
  const std::string_view b_number = zeros_count ? b_run : without_leading_zeros(b_run);
  if (a_number.size() != b_number.size()) return a_number.size() < b_number.size();
  if (a_number != b_number) return a_number < b_number;
  if (a_run.size() != b_run.size()) return a_run.size() < b_run.size();
  return a_point < b_point;
}

}  // namespace

void sort_naturally(std::vector<std::string>& keys) {
  // The order is not transitive ("01" < "0a" < "1" < "01"), which is undefined behaviour in std::sort. A merge sort
  // stays within its ranges with any comparison; starting from bytewise order, its result depends on the keys only.
  std::ranges::sort(keys);
  std::vector<std::string> merged(keys.size());
  const auto at = [&](std::vector<std::string>& list, std::size_t position) {
    return list.begin() + static_cast<std::ptrdiff_t>(std::min(position, list.size()));
  };
  for (std::size_t width = 1; width < keys.size(); width *= 2) {
    for (std::size_t start = 0; start < keys.size(); start += 2 * width) {
      const auto middle = at(keys, start + width);
      std::merge(std::move_iterator(at(keys, start)), std::move_iterator(middle), std::move_iterator(middle),
                 std::move_iterator(at(keys, start + 2 * width)), at(merged, start), naturally_less);
    }
    std::swap(keys, merged);
  }
}

}  // namespace ociferry

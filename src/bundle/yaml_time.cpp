#include "bundle/yaml_time.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/text.hpp"

namespace ociferry {

namespace {

/// Reads a text from its front; every step says whether it found what it wants.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }
  [[nodiscard]] bool is_at_digit() const { return !at_end() && text::is_digit(text_.front()); }
  bool skip(char wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// A number of `least` to `most` digits.
  std::optional<int> number(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t count = 0;
    while (count < most && is_at_digit()) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
      ++count;
    }
    if (count < least) return std::nullopt;
    return value;
  }
  void skip_digits() {
    while (is_at_digit()) text_.remove_prefix(1);
  }
  /// Skips a number of one or two digits, below 60.
  bool skip_sixtieths() {
    const auto value = number(1, 2);
    return value && *value < 60;
  }

 private:
  std::string_view text_;
};

bool skip_date(Cursor& cursor) {
  const auto year = cursor.number(4, 4);
  if (!year || !cursor.skip('-')) return false;
  const auto month = cursor.number(1, 2);
  if (!month || !cursor.skip('-')) return false;
  const auto day = cursor.number(1, 2);
  return day && std::chrono::year_month_day(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                            std::chrono::day(static_cast<unsigned>(*day)))
                    .ok();
}

bool skip_time(Cursor& cursor) {
  const auto hour = cursor.number(1, 2);
  if (!hour || *hour > 23) return false;
  if (!cursor.skip(':') || !cursor.skip_sixtieths()) return false;
  if (!cursor.skip(':') || !cursor.skip_sixtieths()) return false;
  if (cursor.skip('.') || cursor.skip(',')) {
    if (!cursor.is_at_digit()) return false;
    cursor.skip_digits();
  }
  return true;
}

bool skip_zone(Cursor& cursor) {
  if (cursor.skip('Z')) return true;
  if (!cursor.skip('+') && !cursor.skip('-')) return false;
  const auto hours = cursor.number(2, 2);
  if (!hours || *hours > 24 || !cursor.skip(':')) return false;
  const auto minutes = cursor.number(2, 2);
  return minutes && *minutes <= 60;
}

}  // namespace

bool is_yaml_timestamp(std::string_view text) {
  Cursor cursor(text);
  if (!skip_date(cursor)) return false;
  if (cursor.at_end()) return true;
  if (cursor.skip('T') || cursor.skip('t')) return skip_time(cursor) && skip_zone(cursor) && cursor.at_end();
  return cursor.skip(' ') && skip_time(cursor) && cursor.at_end();
}

bool is_base60(std::string_view text) {
  Cursor cursor(text);
  if (!cursor.skip('+')) cursor.skip('-');
  if (!cursor.is_at_digit()) return false;
  while (cursor.is_at_digit() || cursor.skip('_')) cursor.skip_digits();
  if (!cursor.skip(':')) return false;
  do {
    if (!cursor.skip_sixtieths()) return false;
  } while (cursor.skip(':'));
  if (cursor.skip('.')) {
    while (cursor.is_at_digit() || cursor.skip('_')) cursor.skip_digits();
  }
  return cursor.at_end();
}

}  // namespace ociferry

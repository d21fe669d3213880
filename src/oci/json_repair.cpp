#include "oci/json_repair.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kEscapeLength = 6;  // \uXXXX

/// The code unit of the escape \uXXXX that `text` begins with; nullopt if none.
std::optional<unsigned> unicode_escape(std::string_view text) {
  if (text.size() < kEscapeLength || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + kEscapeLength;
  const auto [stop, failure] = std::from_chars(text.data() + 2, end, unit, 16);
  return failure == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

bool is_high_half(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_half(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

class Repair {
 public:
  explicit Repair(std::string_view text) : rest_(text) { out_.reserve(text.size()); }

  std::string run() {
    for (keep_plain(); !rest_.empty(); keep_plain()) {
      if (rest_.front() == '"') {
        in_string_ = !in_string_;
        keep(1);
      } else if (in_string_) {
        in_string();
      } else {
        number();
      }
    }
    return std::move(out_);
  }

 private:
  void keep(std::size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(std::min(count, rest_.size()));
  }
  /// Keeps all up to the next character that may need repair, or where a string begins or ends.
  void keep_plain() {
    const auto needs_look_within = [](char c) {
      return c == '"' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
    };
    const auto needs_look_outside = [](char c) { return c == '"' || c == '-' || text::is_digit(c); };
    const auto end =
        in_string_ ? std::ranges::find_if(rest_, needs_look_within) : std::ranges::find_if(rest_, needs_look_outside);
    keep(static_cast<std::size_t>(end - rest_.begin()));
  }
  void replace(std::size_t count, std::string_view by) {
    out_ += by;
    rest_.remove_prefix(count);
  }

  void number() {
    const std::size_t length = std::min(rest_.find_first_not_of("+-0123456789.eE"), rest_.size());
    const char* const end = rest_.data() + length;
    double value = 0;
    const auto [stop, failure] = std::from_chars(rest_.data(), end, value);
    if (failure == std::errc::result_out_of_range && stop == end) return replace(length, "0");
    keep(length);
  }

  void in_string() { return rest_.front() == '\\' ? escape() : beyond_ascii(); }

  void escape() {
    const auto unit = unicode_escape(rest_);
    if (!unit) return keep(2);
    if (!is_high_half(*unit) && !is_low_half(*unit)) return keep(kEscapeLength);
    const auto next = unicode_escape(rest_.substr(kEscapeLength));
    if (is_high_half(*unit) && next && is_low_half(*next)) return keep(2 * kEscapeLength);
    replace(kEscapeLength, "\\ufffd");
  }

  void beyond_ascii() {
    std::string_view after = rest_;
    if (text::take_code_point(after)) return keep(rest_.size() - after.size());
    replace(1, "\xEF\xBF\xBD");
  }

  std::string_view rest_;
  std::string out_;
  bool in_string_ = false;
};

}  // namespace

std::string repaired_json(std::string_view text) { return Repair(text).run(); }

}  // namespace ociferry

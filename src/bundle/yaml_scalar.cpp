#include "bundle/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/text.hpp"
#include "bundle/yaml_time.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};
constexpr std::array<std::string_view, 6> kInfinity = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"};
constexpr std::array<std::string_view, 3> kMinusInfinity = {"-.inf", "-.Inf", "-.INF"};

/// Scalars with an exact spelling.
std::optional<Json> named_value(std::string_view scalar) {
  if (is_one_of(scalar, kNull)) return Json();
  if (is_one_of(scalar, kTrue)) return Json(true);
  if (is_one_of(scalar, kFalse)) return Json(false);
  if (is_one_of(scalar, kNan)) return Json(std::numeric_limits<double>::quiet_NaN());
  if (is_one_of(scalar, kInfinity)) return Json(std::numeric_limits<double>::infinity());
  if (is_one_of(scalar, kMinusInfinity)) return Json(-std::numeric_limits<double>::infinity());
  return std::nullopt;
}

std::optional<std::uint64_t> parse_digits(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// Parses a number without sign; its prefix determines the base, as in Go.
std::optional<std::uint64_t> parse_magnitude(std::string_view number) {
  if (number.size() < 2 || number[0] != '0') return parse_digits(number, 10);
  switch (number[1]) {
    case 'x':
    case 'X': return parse_digits(number.substr(2), 16);
    case 'o':
    case 'O': return parse_digits(number.substr(2), 8);
    case 'b':
    case 'B': return parse_digits(number.substr(2), 2);
    default: return parse_digits(number.substr(1), 8);
  }
}

std::optional<Json> signed_integer(bool negative, std::uint64_t magnitude) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (negative && magnitude > kMost + 1) return std::nullopt;
  if (negative) return Json(static_cast<std::int64_t>(~magnitude + 1));
  if (magnitude > kMost) return Json(text::cat(magnitude));
  return Json(static_cast<std::int64_t>(magnitude));
}

std::optional<Json> parse_integer(std::string_view number) {
  // imgpkg's parser also accepts a sign after "0b".
  const bool late_sign = number.starts_with("0b-") || number.starts_with("0b+");
  const char sign = late_sign ? number[2] : number.front();
  const bool has_sign = sign == '-' || sign == '+';
  const auto magnitude = late_sign ? parse_digits(number.substr(3), 2) : parse_magnitude(number.substr(has_sign));
  if (!magnitude) return std::nullopt;
  auto value = signed_integer(sign == '-', *magnitude);
  // A '+' before a 64-bit number makes it a floating-point number.
  if (value && value->as_string() != nullptr && has_sign) return std::nullopt;
  return value;
}

std::size_t skip_digits(std::string_view text, std::size_t from) {
  while (from < text.size() && text::is_digit(text[from])) ++from;
  return from;
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float_literal(std::string_view text) {
  const std::size_t start = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  std::size_t at = skip_digits(text, start);
  const bool has_whole = at > start;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    if (!has_whole && at == fraction) return false;
  } else if (!has_whole) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    at = skip_digits(text, exponent);
    if (at == exponent) return false;
  }
  return at == text.size();
}

std::optional<Json> parse_float(std::string_view text) {
  if (!is_float_literal(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // Underflow is zero; overflow is text.
    if (text.find("e-") == std::string_view::npos && text.find("E-") == std::string_view::npos) return std::nullopt;
    return Json(text.starts_with('-') ? -0.0 : 0.0);
  }
  return Json(value);
}

std::string without_underscores(std::string_view scalar) {
  std::string out(scalar);
  std::erase(out, '_');
  return out;
}

/// In a number that starts with a point, underscores must be between digits.
bool has_misplaced_underscore(std::string_view scalar) {
  for (std::size_t i = 0; i < scalar.size(); ++i) {
    if (scalar[i] != '_') continue;
    if (i == 0 || i + 1 == scalar.size() || !text::is_digit(scalar[i - 1]) || !text::is_digit(scalar[i + 1]))
      return true;
  }
  return false;
}

std::optional<Json> number_value(std::string_view scalar) {
  const char first = scalar.front();
  if (first == '.') {
    if (has_misplaced_underscore(scalar)) return std::nullopt;
    return parse_float(without_underscores(scalar));
  }
  if (!text::is_digit(first) && first != '+' && first != '-') return std::nullopt;
  if (is_yaml_timestamp(scalar)) return std::nullopt;
  const std::string plain = without_underscores(scalar);
  auto integer = parse_integer(plain);
  return integer ? integer : parse_float(plain);
}

/// The shortest digits that read back as `value`; with an exponent below 10^-4 and from 10^6 on, as Go chooses.
template <typename Float>
std::string shortest(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 64> buffer{};
  const auto write = [&](std::chars_format format) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
    return std::string(buffer.data(), end);
  };
  std::string scientific = write(std::chars_format::scientific);
  const auto mark = scientific.find('e');
  int exponent = 0;
  const std::size_t digits = mark + (scientific[mark + 1] == '+' ? 2 : 1);
  std::from_chars(scientific.data() + digits, scientific.data() + scientific.size(), exponent);
  if (exponent < -4 || exponent >= 6) return scientific;
  return write(std::chars_format::fixed);
}

}  // namespace

Json resolve_plain_scalar(std::string_view scalar) {
  if (auto named = named_value(scalar)) return *std::move(named);
  if (auto number = number_value(scalar)) return *std::move(number);
  return scalar;
}

bool reads_as_text(std::string_view text) {
  if (named_value(text) || number_value(text)) return false;
  return !is_yaml_timestamp(text) && !is_base60(text);
}

std::string scalar_text(const Json& value) {
  if (value.is_null()) return {};
  if (const auto* boolean = value.as_bool()) return *boolean ? "true" : "false";
  if (const auto* integer = value.as_int()) return text::cat(*integer);
  if (const auto* real = value.as_double()) return shortest(*real);
  if (const auto* string = value.as_string()) return *string;
  throw Error(ErrorCode::Internal, "a list or mapping was used as text");
}

std::string key_text(const Json& value) {
  const auto* real = value.as_double();
  if (real == nullptr) return scalar_text(value);
  if (std::isnan(*real)) return ".nan";
  if (std::isinf(*real)) return *real > 0 ? ".inf" : "-.inf";
  return shortest(static_cast<float>(*real));
}

}  // namespace ociferry

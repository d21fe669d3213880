#include "bundle/yaml_style.hpp"

#include <algorithm>
#include <cstddef>

#include "base/text.hpp"
#include "bundle/yaml_scalar.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kLongestSimpleKey = 128;

/// Properties of a text that some styles cannot express.
struct Traits {
  bool has_indicator = false;    ///< would mean something else if plain
  bool has_special = false;      ///< needs escapes
  bool has_break = false;        ///< a line feed
  bool has_outer_blank = false;  ///< starts or ends with a space or line feed
  bool ends_in_space = false;
  bool has_space_before_break = false;
};

bool is_blank(char c) { return c == ' ' || c == '\n'; }

/// True if the character at `at` requires quotes.
bool is_indicator(std::string_view text, std::size_t at) {
  const bool blank_follows = at + 1 == text.size() || is_blank(text[at + 1]);
  if (at == 0 && std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos) return true;
  if (at == 0 && (text[0] == '?' || text[0] == '-')) return blank_follows;
  if (text[at] == ':') return blank_follows;
  return text[at] == '#' && is_blank(text[at - 1]);
}

/// True if a character of `text` needs an escape wherever it stands: not a quote, a backslash or a line feed.
bool has_special(std::string_view text) {
  while (true) {
    const auto printable = [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\n'; };
    text.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(text, printable) - text.begin()));
    if (text.empty()) return false;
    if (needs_escape(text::take_code_point(text).value_or(text::kReplacementCharacter))) return true;
  }
}

Traits examine(std::string_view text) {
  Traits traits;
  traits.has_indicator = text.starts_with("---") || text.starts_with("...");
  traits.has_outer_blank = is_blank(text.front()) || is_blank(text.back());
  traits.ends_in_space = text.back() == ' ';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    traits.has_indicator = traits.has_indicator || is_indicator(text, at);
    traits.has_break = traits.has_break || text[at] == '\n';
    traits.has_space_before_break = traits.has_space_before_break || (text[at] == ' ' && next == '\n');
  }
  traits.has_special = has_special(text);
  return traits;
}

}  // namespace

YamlStyle yaml_style(std::string_view text) {
  if (text.empty()) return YamlStyle::DoubleQuoted;
  if (!text::is_utf8(text)) throw Error(ErrorCode::Internal, "text for a YAML file is not UTF-8");
  const Traits traits = examine(text);
  if (traits.has_special || traits.has_space_before_break) return YamlStyle::DoubleQuoted;
  if (traits.has_break) return traits.ends_in_space ? YamlStyle::DoubleQuoted : YamlStyle::Literal;
  if (!reads_as_text(text)) return YamlStyle::DoubleQuoted;
  return traits.has_indicator || traits.has_outer_blank ? YamlStyle::SingleQuoted : YamlStyle::Plain;
}

bool is_simple_key(std::string_view text) {
  return text.size() <= kLongestSimpleKey && text.find('\n') == std::string_view::npos;
}

bool needs_escape(char32_t point) {
  if (point == '"' || point == '\\' || point == 0x2028 || point == 0x2029 || point == 0xFEFF) return true;
  return point < 0x20 || (point > 0x7E && point < 0xA0) || point > 0xFFFD;
}

}  // namespace ociferry

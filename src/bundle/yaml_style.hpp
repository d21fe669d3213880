#pragma once

#include <string_view>

namespace ociferry {

/// How a scalar is written; a literal one follows a `|` on lines of its own.
enum class YamlStyle { Plain, SingleQuoted, DoubleQuoted, Literal };

/// The style in which imgpkg writes `text`: literal if it has several lines, plain if it stays text without quotes,
/// else the simplest quotes that can hold it. (Text with U+2028 or U+2029 gets double quotes here: to YAML 1.1 they
/// are line breaks, to YAML 1.2 they are not.) Throws Error{Internal} if `text` is not UTF-8.
[[nodiscard]] YamlStyle yaml_style(std::string_view text);

/// True if a key with this text is written before its colon; any other follows a question mark.
[[nodiscard]] bool is_simple_key(std::string_view text);

/// True if this character is written as an escape within double quotes.
[[nodiscard]] bool needs_escape(char32_t point);

}  // namespace ociferry

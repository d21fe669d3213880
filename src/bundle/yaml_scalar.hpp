#pragma once

#include <string>
#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

/// What a plain (unquoted) YAML 1.1 scalar stands for in imgpkg's parser: null, a boolean (y, yes, on, ...), a whole
/// number (also octal, hexadecimal and binary), a floating-point number, or text. Dates are text. So is, in decimal,
/// a whole number beyond 64 signed bits, which Json cannot hold.
[[nodiscard]] Json resolve_plain_scalar(std::string_view scalar);

/// True if `text` is no number, boolean, null, date or base-60 number: written without quotes it stays text.
[[nodiscard]] bool reads_as_text(std::string_view text);

/// The text that a scalar becomes where text is wanted: 1 -> "1", 1.50 -> "1.5", true -> "true", null -> "".
/// `value` must be no array and no object (Error{Internal}).
[[nodiscard]] std::string scalar_text(const Json& value);

/// The text that a scalar becomes as a mapping's key. It differs from `scalar_text` for floating-point numbers,
/// which imgpkg's parser rounds to 32 bits there.
[[nodiscard]] std::string key_text(const Json& value);

}  // namespace ociferry

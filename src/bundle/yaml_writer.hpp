#pragma once

#include <string>
#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

/// `value` as YAML in the form that imgpkg writes, without the leading `---`: keys in natural order, lists not
/// indented under their key, scalars plain where possible, text folded after 80 columns, a newline at the end.
/// Throws Error{Internal} for text that is not UTF-8.
[[nodiscard]] std::string to_yaml(const Json& value);

/// `text` as a single-line YAML scalar that every reader takes for that text.
[[nodiscard]] std::string yaml_text(std::string_view text);

}  // namespace ociferry

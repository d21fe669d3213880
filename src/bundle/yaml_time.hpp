#pragma once

#include <string_view>

namespace ociferry {

/// True for what imgpkg's YAML parser takes for a point in time: `2020-1-31`, with `T`, `t` or a space and a time,
/// after `T` or `t` also a zone (`Z`, `+02:00`). The date must exist.
[[nodiscard]] bool is_yaml_timestamp(std::string_view text);

/// True for a base-60 number such as `1:30`, which some YAML 1.1 parsers know and imgpkg's writer therefore quotes.
[[nodiscard]] bool is_base60(std::string_view text);

}  // namespace ociferry

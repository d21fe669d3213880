#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace ociferry {

/// Takes the first character off `text`, which must be well-formed UTF-8 and not empty. (Of broken text it takes at
/// least a byte and returns some number.)
[[nodiscard]] inline char32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
  length = std::min(length, text.size());
  for (std::size_t i = 1; i < length; ++i) point = (point << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(length);
  return point;
}

}  // namespace ociferry

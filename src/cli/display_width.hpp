#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// The width of text on a terminal.
namespace ociferry {

/// Columns that well-formed UTF-8 takes: two for East Asian wide characters and emoji, none for combining marks.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// `text` if it fits into `columns`, else as much of its beginning as fits with ".." behind it.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// imgpkg's messages where ociferry has other ones: scripts match them. Other differences are listed in
/// docs/compared-with-imgpkg.md.
[[nodiscard]] std::string in_imgpkg_words(std::string message);

/// True for a hint that imgpkg has with the same text.
[[nodiscard]] bool is_hint_of_imgpkg(std::string_view hint);

/// imgpkg's message for a missing command, or a missing subcommand of `parent`.
[[nodiscard]] std::string imgpkg_subcommands(std::string_view parent);

}  // namespace ociferry

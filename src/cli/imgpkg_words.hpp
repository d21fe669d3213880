#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// What imgpkg says where ociferry has other words: scripts match them. Other messages are equal, or stand in
/// docs/compared-with-imgpkg.md.
[[nodiscard]] std::string in_imgpkg_words(std::string message);

/// True for a hint that imgpkg gives too, with these words.
[[nodiscard]] bool is_hint_of_imgpkg(std::string_view hint);

/// What imgpkg says when it is called without a command, or, if `parent` is one, without the one below it.
[[nodiscard]] std::string imgpkg_subcommands(std::string_view parent);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// imgpkg's messages where ociferry has other ones: scripts match them. Other differences are listed in
/// docs/compared-with-imgpkg.md.
[[nodiscard]] std::string in_imgpkg_words(std::string message);

/// What imgpkg has around a message: `context` as it begins a line there, in front of `message` in imgpkg's words.
[[nodiscard]] std::string in_imgpkg_context(std::string context, std::string_view message);

/// The lines of a notice as imgpkg prints a warning. Of "\n  - Image: REF, Layers: DIGEST, ..." it makes a list.
[[nodiscard]] std::vector<std::string> in_imgpkg_list(std::string_view notice);

/// True for a hint that imgpkg has with the same text.
[[nodiscard]] bool is_hint_of_imgpkg(std::string_view hint);

/// imgpkg's message for a missing command, or a missing subcommand of `parent`.
[[nodiscard]] std::string imgpkg_subcommands(std::string_view parent);

}  // namespace ociferry

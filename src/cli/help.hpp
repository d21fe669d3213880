#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"

/// Help texts. `program` is the name that the program was called by.
namespace ociferry {

/// `text` with every `from`, which is not empty, turned into `to`.
[[nodiscard]] std::string replaced(std::string_view text, std::string_view from, std::string_view to);
/// True if commands begin with this word and another one: "tag".
[[nodiscard]] bool is_parent(std::string_view name);
/// What there is below `parent`; all commands if it is empty.
[[nodiscard]] std::string overview(std::string_view parent, std::string_view program);
/// Usage and examples, the part of a command's help above its options.
[[nodiscard]] std::string usage_of(const Command& command, std::string_view program);
/// The name of its manual page: "ociferry-tag-list".
[[nodiscard]] std::string manual_page_of(const Command& command);
/// All that --help shows; `arguments` has the command's declarations.
[[nodiscard]] std::string help_of(const Command& command, const Arguments& arguments);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// `text` as one word of a command for a POSIX shell: unchanged, or quoted if necessary. For hints.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace ociferry

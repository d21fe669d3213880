#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// What of `text`, a reference or a URL that somebody gave, is a user's name and password: "USER:PASSWORD" of
/// "[SCHEME://]USER:PASSWORD@HOST...". A view into `text`; empty if there is none. An '@' before a digest is none.
[[nodiscard]] std::string_view user_info_in(std::string_view text);

/// `text` with "[not shown]" in the place of a user's name and password, for messages.
[[nodiscard]] std::string without_user_info(std::string_view text);

}  // namespace ociferry

#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// The user name and password in `text`, a reference or URL of the user: "USER:PASSWORD" of
/// "[SCHEME://]USER:PASSWORD@HOST...". A view into `text`; empty if there is none. The '@' before a digest does not
/// count.
[[nodiscard]] std::string_view user_info_in(std::string_view text);

/// `text` with "[not shown]" in the place of a user's name and password, for messages.
[[nodiscard]] std::string without_user_info(std::string_view text);

}  // namespace ociferry

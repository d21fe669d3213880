#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64_encoded(std::string_view bytes);
/// The reverse; padding is optional. nullopt if `text` is not base64.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);
/// The same for the URL-safe alphabet (RFC 4648 section 5).
[[nodiscard]] std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace ociferry

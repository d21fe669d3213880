#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// What may be shown of a header field: its value if the field is known to be harmless, with the queries and user
/// names of URLs in it made harmless as well; of Authorization the scheme; of every other field nothing.
[[nodiscard]] std::string shown_header(std::string_view name, std::string_view value);

/// What may be shown of a URL's query: the values of parameters that are known to be harmless ("scope", "n", ...).
[[nodiscard]] std::string shown_query(std::string_view query);

/// Foreign text, such as a server's own words, without what looks like a secret in it: values of Authorization and
/// Cookie, user names and passwords in URLs, and parameters such as "token=", "sig=" and "X-Amz-...=".
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace ociferry

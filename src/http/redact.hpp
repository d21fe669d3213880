#pragma once

#include <string>
#include <string_view>

namespace ociferry {

/// The value of a header field as it may be logged: of harmless fields the value, with queries and user names in URLs
/// redacted; of Authorization the scheme; of all other fields nothing.
[[nodiscard]] std::string shown_header(std::string_view name, std::string_view value);

/// A URL's query as it may be logged: with the values of harmless parameters only ("scope", "n", ...).
[[nodiscard]] std::string shown_query(std::string_view query);

/// Text from outside, such as a server's message, with likely secrets redacted: values of Authorization and
/// Cookie, user names and passwords in URLs, and parameters such as "token=", "sig=" and "X-Amz-...=".
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace ociferry

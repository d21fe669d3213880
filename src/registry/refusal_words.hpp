#pragma once

#include <string>
#include <string_view>

#include "http/transport.hpp"
#include "registry/limits.hpp"

namespace ociferry {

/// The message in a server's error response: code, message and detail of a registry's errors, or the message in other
/// JSON (problem+json, token servers), in a storage server's XML, or plain text. Redacted, safe for terminals, at most
/// limits::kErrorTextShown bytes; empty if there is none. Web pages are not shown.
[[nodiscard]] std::string refusal_words(const Response& answer);

/// Why a server refused a request, by its status and message.
enum class RefusalKind { Unknown, NoSpace, Quota, ReadOnly, Immutable, Policy };
/// `writes`: the request was one that writes.
[[nodiscard]] RefusalKind refusal_kind(int status, std::string_view words, bool writes);
/// The next step, for the operator of `host`; empty for Unknown.
[[nodiscard]] std::string refusal_hint(RefusalKind kind, std::string_view host);

}  // namespace ociferry

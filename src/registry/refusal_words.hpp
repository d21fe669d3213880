#pragma once

#include <string>
#include <string_view>

#include "http/transport.hpp"
#include "registry/limits.hpp"

namespace ociferry {

/// What a server says about a refusal, for people: the code, message and detail of registries' errors, the words of
/// other JSON (problem+json, token servers), of a storage server's XML, or plain text. Without what looks like a
/// secret, safe for terminals, at most limits::kErrorTextShown bytes; empty if there are no such words. Web pages are
/// not shown.
[[nodiscard]] std::string refusal_words(const Response& answer);

/// Why a server refuses, as far as its status and words tell it.
enum class RefusalKind { Unknown, NoSpace, Quota, ReadOnly, Immutable, Policy };
/// `writes`: the request was one that writes.
[[nodiscard]] RefusalKind refusal_kind(int status, std::string_view words, bool writes);
/// The next step for it, on the side of `host`; empty for Unknown.
[[nodiscard]] std::string refusal_hint(RefusalKind kind, std::string_view host);

}  // namespace ociferry

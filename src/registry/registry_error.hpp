#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/redirect.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// One entry of a registry's error body (distribution-spec, "Error Codes").
struct RegistryError {
  std::string code;
  std::string message;
};

/// The errors in an answer's body; none if the body is not what the specification says.
[[nodiscard]] std::vector<RegistryError> parse_registry_errors(std::string_view body);
/// True if the answer's body names the error `code`.
[[nodiscard]] bool names_error(const Response& answer, std::string_view code);

/// True for a page for people, which registries do not send.
[[nodiscard]] bool is_web_page(const Response& answer);

/// Throws Error{Network} if a request that succeeded was answered with such a page.
void check_is_no_page(std::string_view method, const Answer& answer);

/// The Content-Encoding of a response, in lower case, if any; none is requested.
[[nodiscard]] std::optional<std::string> encoding_of(const Headers& answer);
/// Adds a hint to the error of a body that has other bytes than it should have.
void hint_at_changed_body(Error& error, const Headers& answer);

/// The next step after a refused write of which no reason is known.
[[nodiscard]] std::string hint_to_probe(const RepositoryName& name);

/// The Error for an unexpected response: 401 Unauthorized, 403 Denied, 404 and 410 NotFound, transient
/// statuses Network (but Refused for a write to a server without room), other 4xx Denied where `otherwise` is Network,
/// everything else `otherwise`. It names method, URL (no query), status, the registry's message and the number of
/// attempts, and has a hint.
[[nodiscard]] Error response_error(std::string_view method, const Answer& answer, ErrorCode otherwise);

}  // namespace ociferry

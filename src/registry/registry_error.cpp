#include "registry/registry_error.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/redact.hpp"
#include "http/retry.hpp"
#include "oci/json.hpp"

namespace ociferry {

namespace {

ErrorCode code_for(int status, ErrorCode otherwise) {
  if (status == 401) return ErrorCode::Unauthorized;
  if (status == 403) return ErrorCode::Denied;
  if (status == 404) return ErrorCode::NotFound;
  return is_transient_status(status) ? ErrorCode::Network : otherwise;
}

std::string hint_for(int status, const std::string& host) {
  switch (status) {
    case 401:
      return text::cat("log in with `docker login ", host,
                       "`, or give --registry-username and --registry-password; a registry may also answer so for a "
                       "repository that does not exist");
    case 403: return text::cat("ask the administrator of ", host, " for access to this repository");
    case 413:
      return "a proxy in front of the registry limits the size of a request's body; have the limit raised "
             "(nginx: client_max_body_size)";
    case 429: return "the registry limits how often it may be asked; log in, use fewer --concurrency, or wait";
    default: return {};
  }
}

/// What the server says about the failure, for people. It may repeat what it was sent.
std::string words_of(const Response& answer) {
  std::vector<std::string> words;
  for (const RegistryError& error : parse_registry_errors(answer.body)) {
    words.push_back(error.message.empty() ? error.code : text::cat(error.code, ": ", error.message));
  }
  if (!words.empty()) return text::printable(without_secrets(text::join(words, "; ")), limits::kErrorTextShown);
  const std::string type = text::lower(answer.headers.find("Content-Type").value_or(""));
  if (!type.starts_with("text/plain")) return {};
  return text::printable(without_secrets(text::trim(answer.body)), limits::kErrorTextShown);
}

}  // namespace

std::vector<RegistryError> parse_registry_errors(std::string_view body) {
  constexpr std::size_t kShown = 5;
  Json parsed;
  try {
    parsed = Json::parse(body, "error body");
  } catch (const Error&) {
    return {};  // not from a registry, perhaps from a proxy
  }
  const Json* const list = parsed.find("errors");
  if (list == nullptr || list->as_array() == nullptr) return {};
  std::vector<RegistryError> errors;
  for (const Json& one : *list->as_array()) {
    if (errors.size() == kShown) break;
    errors.push_back({one.string_at("code"), one.string_at("message")});
  }
  return errors;
}

bool names_error(const Response& answer, std::string_view code) {
  const auto errors = parse_registry_errors(answer.body);
  return std::ranges::any_of(errors, [&](const RegistryError& error) { return error.code == code; });
}

std::optional<std::string> encoding_of(const Headers& answer) {
  std::string encoding = text::lower(text::trim(answer.find("Content-Encoding").value_or("")));
  if (encoding.empty() || encoding == "identity") return std::nullopt;
  return encoding;
}

void hint_at_encoding(Error& error, const Headers& answer) {
  const auto encoding = encoding_of(answer);
  if (!encoding) return;
  error.hint(text::cat("the answer came with \"Content-Encoding: ", text::printable(*encoding, limits::kErrorTextShown),
                       "\", which was not asked for: a proxy before the registry changes what passes; have it leave "
                       "/v2/ as it is"));
}

Error response_error(std::string_view method, const Answer& answer, ErrorCode otherwise) {
  std::string message = text::cat(method, " ", answer.url.shown(), ": answered ", answer.status);
  if (const std::string words = words_of(answer); !words.empty()) message += text::cat(" (", words, ")");
  if (answer.attempts > 1) message += text::cat(", after ", answer.attempts, " attempts");
  Error error(code_for(answer.status, otherwise), std::move(message));
  const auto& origin = answer.url.origin();
  std::string hint = hint_for(answer.status, to_string(origin).substr(origin.scheme.size() + 3));
  if (!hint.empty()) error.hint(std::move(hint));
  return error;
}

}  // namespace ociferry

#include "registry/registry_error.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/retry.hpp"
#include "oci/json.hpp"
#include "registry/limits.hpp"
#include "registry/refusal_words.hpp"

namespace ociferry {

namespace {

constexpr int kGone = 410;

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

/// The code for a permanent refusal. For a read it is Denied for every reason, since Network would suggest to run the
/// same command again.
ErrorCode code_for(std::string_view method, int status, RefusalKind kind, ErrorCode otherwise) {
  if (status == 401) return ErrorCode::Unauthorized;
  if (status == 403) return ErrorCode::Denied;
  if (status == 404 || status == kGone) return ErrorCode::NotFound;
  const bool is_full = kind == RefusalKind::NoSpace || kind == RefusalKind::Quota;
  if (is_full && !is_read(method)) return ErrorCode::Refused;  // also 500 and 507: waiting does not free space
  if (is_transient_status(status)) return ErrorCode::Network;
  const bool is_lasting = status >= 400 && status < 500;
  return is_lasting && otherwise == ErrorCode::Network ? ErrorCode::Denied : otherwise;
}

/// Describes the credentials of the request.
std::string words_of(const Sender& sender) {
  std::string words;
  if (!sender.account.empty()) words = text::cat("; credentials: ", sender.account);
  if (!sender.trouble.empty()) words += text::cat("; ", sender.trouble);
  return words.empty() ? "; credentials: none" : words;
}

/// The next step after refused or missing credentials.
std::string hint_for(const Sender& sender) {
  if (!sender.remedy.empty()) return sender.remedy;
  if (sender.repository.empty()) return "check the user name and the password";
  const std::string explain = text::cat("`ociferry auth explain ", sender.repository, "`");
  constexpr std::string_view kAbsent = "; a registry may also answer so for a repository that does not exist";
  if (!sender.account.empty()) {
    return text::cat(explain, " shows where these come from, and all places where others may be", kAbsent);
  }
  const std::string registry = sender.repository.substr(0, sender.repository.find('/'));
  return text::cat("log in with `ociferry login ", registry, "`; ", explain, " lists where credentials are looked for",
                   kAbsent);
}

std::string page_hint(const std::string& host) {
  return text::cat("a web page is no answer of a registry's: a proxy, a firewall or a login page may stand before ",
                   host, "; ask who runs it");
}

std::string hint_for(const Answer& answer, const std::string& host) {
  const bool is_page = is_web_page(answer);
  switch (answer.status) {
    case 401:
      return text::cat("log in with `ociferry login ", host,
                       "`, or give --registry-username and --registry-password; a registry may also answer so for a "
                       "repository that does not exist");
    case 403:
      if (is_page) return page_hint(host);
      return text::cat("ask the administrator of ", host, " for access to this repository");
    case 413:
      return "a proxy in front of the registry limits the size of a request's body; have the limit raised "
             "(nginx: client_max_body_size)";
    case 429: return "the registry limits the rate of requests; log in, use fewer --concurrency, or wait";
    case 404: return {};
    default: return is_page && !is_transient_status(answer.status) ? page_hint(host) : std::string();
  }
}

/// The next step after a redirect that is not followed, as of a write with 301.
std::string hint_for_redirect(const Answer& answer) {
  const auto location = answer.headers.find("Location");
  if (!location || answer.status < 300 || answer.status >= 400) return {};
  try {
    const Origin there = answer.url.resolve(*location).origin();
    return text::cat("the registry sends us to ", to_string(there), ": give that name instead");
  } catch (const Error&) {
    return {};  // not a URL
  }
}

}  // namespace

bool is_web_page(const Response& answer) {
  return text::lower(answer.headers.find("Content-Type").value_or("")).starts_with("text/html");
}

void check_is_no_page(std::string_view method, const Answer& answer) {
  if (!is_web_page(answer)) return;
  throw Error(ErrorCode::Network, text::cat(method, " ", answer.url.shown(), ": answered with a web page"))
      .hint("a proxy or a login page seems to answer in the registry's place");
}

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

void hint_at_changed_body(Error& error, const Headers& answer) {
  const auto encoding = encoding_of(answer);
  if (!encoding) {
    error.hint(
        "the registry, or a cache before it, has other bytes than it says: run the same command again, and if that "
        "does not help, have the image pushed there again");
    return;
  }
  error.hint(text::cat("the answer came with \"Content-Encoding: ", text::printable(*encoding, limits::kErrorTextShown),
                       "\", which was not requested: a proxy before the registry changes what passes; have it leave "
                       "/v2/ as it is"));
}

std::string hint_to_probe(const RepositoryName& name) {
  return text::cat("`ociferry probe ", to_string(name), " --write` tries what this registry takes");
}

Error response_error(std::string_view method, const Answer& answer, ErrorCode otherwise) {
  std::string message = text::cat(method, " ", answer.url.shown(), ": answered ", answer.status);
  const std::string words = refusal_words(answer);
  if (!words.empty()) message += text::cat(" (", words, ")");
  if (answer.sender) message += words_of(*answer.sender);
  if (answer.attempts > 1) message += text::cat(", after ", answer.attempts, " attempts");
  const RefusalKind kind = refusal_kind(answer.status, words, !is_read(method));
  Error error(code_for(method, answer.status, kind, otherwise), std::move(message));
  const auto& origin = answer.url.origin();
  const std::string host = to_string(origin).substr(origin.scheme.size() + 3);
  const bool is_unknown = answer.status == 401;
  std::string hint = is_unknown ? std::string() : refusal_hint(kind, host);
  if (is_unknown && answer.sender) hint = hint_for(*answer.sender);
  if (hint.empty()) hint = hint_for_redirect(answer);
  if (hint.empty()) hint = hint_for(answer, host);
  if (!hint.empty()) error.hint(std::move(hint));
  return error;
}

}  // namespace ociferry

#include "registry/refusal_words.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "base/text.hpp"
#include "http/redact.hpp"
#include "oci/json.hpp"
#include "registry/limits.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kErrorsShown = 5;
constexpr std::size_t kMemberDepth = 4;
/// Members with messages, the most useful first.
constexpr std::array<std::string_view, 11> kWordMembers = {
    "message", "Message", "error_description", "description", "detail", "details", "reason", "msg", "error",
    "errors",  "title"};

/// Appends what `words` does not contain already.
void add(std::string& words, std::string_view more, std::string_view separator) {
  if (more.empty() || words.find(more) != std::string::npos) return;
  if (!words.empty()) words += separator;
  words += more;
}

/// The message in any value; empty if there is none.
std::string words_in(const Json& value, std::size_t depth = 0) {
  if (const std::string* text = value.as_string()) return std::string(text::trim(*text));
  if (depth == kMemberDepth) return {};
  if (const Json::Array* list = value.as_array()) {
    std::string words;
    for (const Json& item : std::span(*list).first(std::min(list->size(), kErrorsShown))) {
      add(words, words_in(item, depth + 1), "; ");
    }
    return words;
  }
  std::string words = value.string_at("code");
  for (const std::string_view name : kWordMembers) {
    const Json* const member = value.find(name);
    if (member != nullptr) add(words, words_in(*member, depth + 1), ": ");
  }
  return words;
}

/// One of a registry's errors. Shows the message in its detail, or the whole detail if the error has no message:
/// distribution puts the error number of a full disk there.
std::string words_of_error(const Json& error) {
  std::string words = error.string_at("code");
  add(words, error.string_at("message"), ": ");
  const bool says_nothing = words.empty() || words.starts_with("UNKNOWN");
  const Json* const detail = error.find("detail");
  if (detail == nullptr || detail->is_null()) return words;
  std::string more = words_in(*detail);
  const Json::Object* const members = detail->as_object();
  if (more.empty() && says_nothing && members != nullptr && !members->empty()) more = detail->dump();
  add(words, more, ": ");
  return words;
}

std::string words_of_json(const Json& body) {
  const Json* const list = body.find("errors");
  if (list == nullptr || list->as_array() == nullptr) return words_in(body);
  std::string words;
  for (const Json& error : std::span(*list->as_array()).first(std::min(list->as_array()->size(), kErrorsShown))) {
    add(words, words_of_error(error), "; ");
  }
  return words;
}

/// The text of the first element of that name, without its own elements.
std::string_view element(std::string_view xml, std::string_view name) {
  const std::string begin_tag = text::cat("<", name, ">");
  const auto begin = xml.find(begin_tag);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = xml.substr(begin + begin_tag.size());
  return text::trim(rest.substr(0, rest.find('<')));
}

/// The message of cloud storage servers: S3, Azure and Google all use Error with Code and Message.
std::string words_of_xml(std::string_view xml) {
  std::string words(element(xml, "Code"));
  for (const std::string_view name : {"Message", "Details"}) add(words, element(xml, name), ": ");
  return words;
}

/// What a web page is called: proxies and firewalls that answer in the registry's place say it there.
std::string words_of_page(std::string_view page) {
  const std::string_view title = element(page, "title");
  return title.empty() ? std::string() : text::cat("a web page: ", title);
}

std::optional<Json> parsed(std::string_view body) {
  try {
    return Json::parse(body, "error body");
  } catch (const Error&) {
    return std::nullopt;  // not from a registry, perhaps from a proxy
  }
}

std::string raw_words(const Response& answer) {
  const std::string_view body = text::trim(answer.body);
  const std::string type = text::lower(answer.headers.find("Content-Type").value_or(""));
  if (body.empty()) return {};
  if (const auto json = parsed(body)) return words_of_json(*json);
  if (body.front() == '<') return type.starts_with("text/html") ? words_of_page(body) : words_of_xml(body);
  const bool is_text = type.empty() || type.starts_with("text/plain");
  return is_text && text::is_utf8(body) ? std::string(body) : std::string();
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

std::string refusal_words(const Response& answer) {
  return text::printable(without_secrets(raw_words(answer)), limits::kErrorTextShown);
}

RefusalKind refusal_kind(int status, std::string_view words, bool writes) {
  constexpr int kMethodNotAllowed = 405;
  constexpr int kPreconditionFailed = 412;
  constexpr int kLegalReasons = 451;
  constexpr int kInsufficientStorage = 507;
  constexpr int kTooManyRequests = 429;
  if (status == kTooManyRequests) return RefusalKind::Unknown;  // a rate limit, not a storage quota
  const std::string said = text::lower(words);
  // 28 is ENOSPC, 122 EDQUOT, 30 EROFS: distribution gives the number alone.
  if (status == kInsufficientStorage ||
      has_any(said, {"no space left", "enospc", "\"err\":28", "disk is full", "disk full", "storagefull"})) {
    return RefusalKind::NoSpace;
  }
  if (has_any(said, {"quota", "\"err\":122", "configured upper limit", "limitexceeded"})) return RefusalKind::Quota;
  if (has_any(said, {"immutable"})) return RefusalKind::Immutable;
  if (status == kPreconditionFailed || status == kLegalReasons ||
      has_any(said, {"policyviolation", "configured policy", "blocking policy", "not signed", "unsigned", "vulnerab",
                     "xray", "quarantine"})) {
    return RefusalKind::Policy;
  }
  if (writes && (status == kMethodNotAllowed ||
                 has_any(said, {"read-only", "read only", "readonly", "\"err\":30", "maintenance"}))) {
    return RefusalKind::ReadOnly;
  }
  return RefusalKind::Unknown;
}

std::string refusal_hint(RefusalKind kind, std::string_view host) {
  switch (kind) {
    case RefusalKind::NoSpace: return text::cat("the storage of ", host, " is full: have room made there");
    case RefusalKind::Quota:
      return text::cat("have the quota of this project at ", host, " raised, or delete there what is no longer needed");
    case RefusalKind::ReadOnly:
      return text::cat("have ", host, " take writes: it may be in maintenance, or only mirror another registry");
    case RefusalKind::Immutable: return "tags are immutable there: use another tag or repository";
    case RefusalKind::Policy:
      return text::cat("a policy of ", host,
                       " blocks this image: have it signed or scanned as the policy requires, "
                       "or ask the project's administrator for an exception");
    case RefusalKind::Unknown: break;
  }
  return {};
}

}  // namespace ociferry

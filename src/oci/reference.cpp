#include "ociferry/reference.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/user_info.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kDockerHub = "index.docker.io";

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::size_t kReferenceShown = 300;

/// The error for a user's name and password, which are not shown.
Error bad_user_info(std::string_view text, std::string_view secret) {
  const auto end = static_cast<std::size_t>(secret.data() - text.data()) + secret.size();
  const std::string_view rest = text.substr(end + 1, kReferenceShown);
  return Error(ErrorCode::Usage, text::cat("'", std::string_view(without_user_info(text)).substr(0, kReferenceShown),
                                           "' is not an image reference: it must not have a name and password"))
      .hint(text::cat("write ", rest, ", and log in with `ociferry login ", rest.substr(0, rest.find('/')),
                      "`, or give --registry-username and --registry-password"));
}

Error bad_reference(std::string_view text, std::string_view why) {
  if (const std::string_view secret = user_info_in(text); !secret.empty()) return bad_user_info(text, secret);
  return Error(ErrorCode::Usage, text::cat("'", text.substr(0, kReferenceShown), "' is not an image reference: ", why))
      .hint("write REGISTRY/REPOSITORY, REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST");
}

bool is_valid_repository(std::string_view repository) {
  if (repository.size() > 255) return false;
  for (const std::string& part : text::split(repository, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
    const bool fits = std::ranges::all_of(part, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '-';
    });
    if (!fits) return false;
  }
  return true;
}

bool is_valid_registry(std::string_view registry) {
  return !registry.empty() && registry.size() <= 255 && std::ranges::all_of(registry, [](char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
  });
}

RepositoryName parse_name(std::string_view whole, std::string_view text) {
  RepositoryName name{std::string(kDockerHub), std::string(text)};
  const auto slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  if (slash != std::string_view::npos && first.find_first_of(".:") != std::string_view::npos) {
    name.registry = first;
    name.repository = text.substr(slash + 1);
  }
  if (name.registry == "docker.io") name.registry = kDockerHub;
  if (name.registry == kDockerHub && name.repository.find('/') == std::string::npos) {
    name.repository.insert(0, "library/");
  }
  if (!is_valid_registry(name.registry)) throw bad_reference(whole, "the registry's name is malformed");
  if (!is_valid_repository(name.repository)) {
    throw bad_reference(whole, "a repository has 1 to 255 characters of a-z 0-9 _ - . /, and no empty part");
  }
  return name;
}

}  // namespace

bool is_valid_tag(std::string_view tag) noexcept {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  return std::ranges::all_of(tag, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

std::string to_string(const RepositoryName& name) { return name.registry + "/" + name.repository; }

Reference Reference::parse(std::string_view text) {
  if (text.find("://") != std::string_view::npos) throw bad_reference(text, "it must not start with a scheme");
  std::string_view rest = text;
  Reference reference;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = Digest::try_parse(rest.substr(at + 1));
    if (!reference.digest) throw bad_reference(text, "what follows the @ is not a digest");
    rest = rest.substr(0, at);
  }
  const auto colon = rest.rfind(':');
  const auto slash = rest.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    const std::string_view tag = rest.substr(colon + 1);
    if (!is_valid_tag(tag)) throw bad_reference(text, "the tag is malformed");
    reference.tag = tag;
    rest = rest.substr(0, colon);
  }
  reference.name = parse_name(text, rest);
  return reference;
}

Reference Reference::by_digest(RepositoryName name, Digest digest) {
  return {.name = std::move(name), .tag = std::nullopt, .digest = std::move(digest)};
}

std::string Reference::selector() const { return digest ? digest->text() : tag.value_or("latest"); }

std::string to_string(const Reference& reference) {
  std::string out = to_string(reference.name);
  if (reference.digest) return out + "@" + reference.digest->text();
  if (reference.tag) return out + ":" + *reference.tag;
  return out;
}

RepositoryName parse_repository(std::string_view text) {
  Reference reference = Reference::parse(text);
  if (reference.tag || reference.digest) {
    throw Error(ErrorCode::Usage, text::cat("'", text, "' must be a repository, without tag or digest"))
        .hint(text::cat("write ", to_string(reference.name)));
  }
  return std::move(reference.name);
}

Reference parse_digest_reference(std::string_view text) {
  const auto at = text.find('@');
  const bool is_digest = at != std::string_view::npos && text.substr(at + 1).starts_with("sha256:") &&
                         Digest::try_parse(text.substr(at + 1)).has_value();
  if (!is_digest) {
    throw Error(ErrorCode::Usage, text::cat("Expected ref to be in digest form, got '", without_user_info(text), "'"));
  }
  Reference reference = Reference::parse(text);
  reference.tag.reset();
  return reference;
}

}  // namespace ociferry

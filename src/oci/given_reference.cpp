#include "oci/given_reference.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/user_info.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kShown = 300;
constexpr std::string_view kThisMachine = "localhost";

bool is_port(std::string_view text) {
  constexpr std::size_t kLongest = 5;
  return !text.empty() && text.size() <= kLongest &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Error no_repository(std::string_view text) {
  return Error(ErrorCode::Usage, text::cat("'", text.substr(0, kShown), "' names a registry, but no repository there"))
      .hint(text::cat("write ", text.substr(0, kShown), "/REPOSITORY"));
}

void check_is_no_registry(std::string_view text) {
  if (!user_info_in(text).empty()) return;  // parsing it ends with what is wrong
  const auto slash = text.find('/');
  if (text.substr(0, slash) == kThisMachine && slash != std::string_view::npos) {
    const std::string_view rest = text.substr(slash, kShown);
    throw Error(ErrorCode::Usage, text::cat("'", text.substr(0, kShown), "' does not say which port of this machine"))
        .hint(text::cat("write ", kThisMachine, ":443", rest, " or ", kThisMachine, ":PORT", rest,
                        "; without a port, lock files read it as a name at Docker Hub"));
  }
  if (slash != std::string_view::npos) return;
  const std::string_view name = text.substr(0, text.find('@'));
  const auto colon = name.find(':');
  const std::string_view host = name.substr(0, colon);
  const bool is_address = colon == std::string_view::npos || is_port(name.substr(colon + 1));
  const bool is_host = host == kThisMachine || host.find('.') != std::string_view::npos;
  if (is_address && is_host) throw no_repository(text);
}

}  // namespace

Reference given_reference(std::string_view text) {
  check_is_no_registry(text);
  return Reference::parse(text);
}

RepositoryName given_repository(std::string_view text) {
  check_is_no_registry(text);
  const auto colon = text.find(':');
  const bool is_bare = text.find('/') == std::string_view::npos && colon != std::string_view::npos;
  // "name:5000" may be an image of Docker Hub, but not a repository.
  if (is_bare && is_port(text.substr(colon + 1))) throw no_repository(text);
  return parse_repository(text);
}

}  // namespace ociferry

#include "base/user_info.hpp"

#include "base/text.hpp"

namespace ociferry {

std::string_view user_info_in(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  const auto scheme = text.find(kScheme);
  const bool is_url = scheme != std::string_view::npos;
  std::string_view rest = is_url ? text.substr(scheme + kScheme.size()) : text;
  // "app:v1@sha256:..." has a digest there, however it is malformed.
  if (const auto digest = rest.find("@sha"); digest != std::string_view::npos) rest = rest.substr(0, digest);
  // A password may contain anything: the last '@' counts.
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return {};
  const std::string_view host = rest.substr(at + 1);
  const bool has_password = rest.substr(0, at).find(':') != std::string_view::npos;
  const bool is_host = host.find_first_of(".:/[") != std::string_view::npos || host == "localhost";
  return is_url || (has_password && is_host) ? rest.substr(0, at) : std::string_view();
}

std::string without_user_info(std::string_view text) {
  const std::string_view secret = user_info_in(text);
  if (secret.empty()) return std::string(text);
  const auto begin = static_cast<std::size_t>(secret.data() - text.data());
  return text::cat(text.substr(0, begin), "[not shown]", text.substr(begin + secret.size()));
}

}  // namespace ociferry

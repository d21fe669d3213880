#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// Scheme, host and port. Credentials are bound to it.
struct Origin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case, IPv6 addresses in brackets
  std::uint16_t port = 0;

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

/// An absolute http or https URL (RFC 3986). User names, and IPv4 addresses in unusual forms, are refused; fragments
/// are dropped.
class Url {
 public:
  /// Throws Error{Hostile} naming `text` without its secrets.
  [[nodiscard]] static Url parse(std::string_view text);
  [[nodiscard]] static std::optional<Url> try_parse(std::string_view text);

  /// Resolves `reference`, as in a Location header, against this URL (RFC 3986 section 5.2). Keeps its query unchanged.
  /// Throws Error{Hostile}.
  [[nodiscard]] Url resolve(std::string_view reference) const;
  /// The same URL with "name=value" added to its query; `value` is percent-encoded.
  [[nodiscard]] Url with_parameter(std::string_view name, std::string_view value) const;
  /// The same path and query at another origin.
  [[nodiscard]] Url at(const Origin& origin) const;

  [[nodiscard]] const Origin& origin() const noexcept { return origin_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Without the '?'; empty if there is none.
  [[nodiscard]] const std::string& query() const noexcept { return query_; }
  /// The whole URL. May contain secrets (signed queries): never show it.
  [[nodiscard]] std::string text() const;
  /// The URL without its query, for messages.
  [[nodiscard]] std::string shown() const;

 private:
  Url() = default;
  Origin origin_;
  std::string path_;
  std::string query_;
};

/// "https://host" or "https://host:port" if the port is not the scheme's own.
[[nodiscard]] std::string to_string(const Origin& origin);

/// `text` with everything but RFC 3986 unreserved characters as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// True for localhost, its subdomains, 127.0.0.0/8, ::1, and the unspecified addresses, which reach this machine, too.
[[nodiscard]] bool is_loopback(std::string_view host);
/// True for addresses of private networks (RFC 1918) and for names that end in .local.
[[nodiscard]] bool is_private(std::string_view host);
/// True for literal link-local addresses (169.254.0.0/16, fe80::/10) and for the names and addresses of cloud metadata
/// services. CurlTransport checks names again after DNS resolution.
[[nodiscard]] bool is_link_local(std::string_view host);

}  // namespace ociferry

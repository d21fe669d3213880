#include "http/url.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kMaxUrl = 16 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

/// The four numbers of an IPv4 address in its usual form.
std::optional<std::vector<int>> dotted_numbers(std::string_view host) {
  std::vector<int> numbers;
  for (const std::string& part : text::split(host, '.')) {
    int value = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), value);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == part.data() + part.size();
    // Some parsers read a leading zero as octal.
    if (!whole || value < 0 || value > 255 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    numbers.push_back(value);
  }
  if (numbers.size() != 4) return std::nullopt;
  return numbers;
}

/// "example." is the same host as "example".
std::string_view without_final_dot(std::string_view host) {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

/// True for IPv4 addresses in unusual forms, which the resolver accepts: "127.1", "0x7f000001".
bool is_odd_address(std::string_view host) {
  const std::string_view name = without_final_dot(host);
  const std::string_view last = name.substr(name.rfind('.') + 1);
  const bool hexadecimal =
      (last.starts_with("0x") || last.starts_with("0X")) && std::ranges::all_of(last.substr(2), is_hex);
  const bool numeric = hexadecimal || (!last.empty() && std::ranges::all_of(last, is_digit));
  return numeric && !dotted_numbers(host);
}

using Ipv6 = std::array<unsigned char, 16>;

/// fd00:ec2::254
constexpr Ipv6 kAwsMetadata{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};

/// The address in "[...]".
std::optional<Ipv6> ipv6_address(std::string_view host) {
  if (!host.starts_with('[') || !host.ends_with(']')) return std::nullopt;
  Ipv6 address{};
  const std::string inner(host.substr(1, host.size() - 2));
  if (::inet_pton(AF_INET6, inner.c_str(), address.data()) != 1) return std::nullopt;
  return address;
}

/// The IPv4 address in an IPv4-mapped IPv6 address (::ffff:0:0/96).
std::optional<std::string> mapped_ipv4(const Ipv6& address) {
  constexpr std::array<unsigned char, 12> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!std::equal(kPrefix.begin(), kPrefix.end(), address.begin())) return std::nullopt;
  return text::cat(int{address[12]}, ".", int{address[13]}, ".", int{address[14]}, ".", int{address[15]});
}

bool is_valid_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return false;
    const std::string_view inner = host.substr(1, host.size() - 2);
    return std::ranges::all_of(inner, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  }
  // No percent-encoding: libcurl may decode it differently.
  return !host.empty() && host.size() <= 255 && !is_odd_address(host) &&
         std::ranges::all_of(host, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

std::optional<Origin> parse_authority(std::string scheme, std::string_view authority) {
  std::string_view host = authority;
  std::uint16_t port = default_port(scheme);
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    const std::string_view digits = authority.substr(colon + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port == 0) return std::nullopt;
  }
  if (!is_valid_host(host)) return std::nullopt;
  return Origin{std::move(scheme), text::lower(host), port};
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// `text` for an error message, without query and user name.
std::string redacted(std::string_view text) {
  std::string_view rest = text.substr(0, text.find_first_of("?#"));
  const auto begin = rest.find("//");
  const auto at = rest.rfind('@');
  if (begin == std::string_view::npos || at == std::string_view::npos || at < begin) return std::string(rest);
  return text::cat(rest.substr(0, begin + 2), "...", rest.substr(at));
}

Error malformed(std::string_view text) {
  return {ErrorCode::Hostile, text::cat("'", redacted(text.substr(0, 300)), "' is not a usable http or https URL")};
}

/// RFC 3986 section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string> kept;
  const auto parts = text::split(path, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (parts[i] != ".") {
      kept.push_back(parts[i]);
      continue;
    }
    if (last) kept.emplace_back();
  }
  return "/" + text::join(kept, "/");
}

}  // namespace

std::optional<Url> Url::try_parse(std::string_view text) {
  if (text.size() > kMaxUrl || !is_printable_ascii(text) || text.find('\\') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  std::string scheme = text::lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto origin = parse_authority(std::move(scheme), rest.substr(0, end));
  if (!origin) return std::nullopt;
  rest = rest.substr(end);
  const auto question = std::min(rest.find('?'), rest.size());
  Url url;
  url.origin_ = std::move(*origin);
  url.path_ = question == 0 ? "/" : remove_dot_segments(rest.substr(0, question));
  if (question < rest.size()) url.query_ = rest.substr(question + 1);
  return url;
}

Url Url::parse(std::string_view text) {
  auto url = try_parse(text);
  if (!url) throw malformed(text);
  return std::move(*url);
}

Url Url::resolve(std::string_view reference) const {
  const auto delimiter = reference.find_first_of(":/?#");
  if (delimiter != std::string_view::npos && reference[delimiter] == ':') return parse(reference);
  if (reference.starts_with("//")) return parse(text::cat(origin_.scheme, ":", reference));
  const std::string base = to_string(origin_);
  if (reference.starts_with('/')) return parse(base + std::string(reference));
  if (reference.empty() || reference.starts_with('#')) return *this;
  if (reference.starts_with('?')) return parse(text::cat(base, path_, reference));
  return parse(text::cat(base, path_.substr(0, path_.rfind('/') + 1), reference));
}

Url Url::with_parameter(std::string_view name, std::string_view value) const {
  Url url = *this;
  if (!url.query_.empty() && !url.query_.ends_with('&')) url.query_ += '&';
  url.query_ += text::cat(name, "=", percent_encoded(value));
  return url;
}

Url Url::at(const Origin& origin) const {
  Url url = *this;
  url.origin_ = origin;
  return url;
}

std::string Url::text() const {
  std::string out = shown();
  if (!query_.empty()) out += "?" + query_;
  return out;
}

std::string Url::shown() const { return to_string(origin_) + path_; }

std::string to_string(const Origin& origin) {
  std::string out = text::cat(origin.scheme, "://", origin.host);
  if (origin.port != default_port(origin.scheme)) out += text::cat(":", origin.port);
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

bool is_loopback(std::string_view host) {
  host = without_final_dot(host);
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  if (const auto address = ipv6_address(host)) {
    if (const auto ipv4 = mapped_ipv4(*address)) return is_loopback(*ipv4);
    // "::1", and "::", which also connects to this machine.
    return address->back() <= 1 &&
           std::all_of(address->begin(), address->end() - 1, [](int byte) { return byte == 0; });
  }
  // 0.0.0.0 also connects to this machine.
  const auto numbers = dotted_numbers(host);
  return numbers && (numbers->front() == 127 || numbers->front() == 0);
}

bool is_private(std::string_view host) {
  host = without_final_dot(host);
  if (host.ends_with(".local")) return true;
  const auto numbers = dotted_numbers(host);
  if (!numbers) return false;
  const int first = (*numbers)[0];
  const int second = (*numbers)[1];
  return first == 10 || (first == 172 && second >= 16 && second < 32) || (first == 192 && second == 168);
}

bool is_link_local(std::string_view host) {
  host = without_final_dot(host);
  if (host == "metadata.google.internal") return true;
  if (const auto address = ipv6_address(host)) {
    if (const auto ipv4 = mapped_ipv4(*address)) return is_link_local(*ipv4);
    return *address == kAwsMetadata || ((*address)[0] == 0xfe && ((*address)[1] & 0xc0) == 0x80);
  }
  const auto numbers = dotted_numbers(host);
  return numbers && (*numbers)[0] == 169 && (*numbers)[1] == 254;
}

}  // namespace ociferry

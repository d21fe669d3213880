#include "http/proxy_rules.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "http/transport.hpp"

namespace ociferry {

namespace {

using Address = std::vector<unsigned char>;

/// The bytes of an IPv4 or IPv6 address without brackets, an IPv4 one that is written as IPv6 as IPv4; empty for
/// others.
Address parse_address(std::string_view text) {
  const std::string terminated(text);
  Address bytes(4);
  if (::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(16);
  if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) return {};
  const bool is_mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](int byte) { return byte == 0; }) &&
                         bytes[10] == 0xff && bytes[11] == 0xff;
  if (is_mapped) bytes.erase(bytes.begin(), bytes.begin() + 12);
  return bytes;
}

bool is_in(const Address& address, const Address& network, unsigned bits) {
  if (address.size() != network.size()) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(network.begin(), network.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

/// The length in "10.0.0.0/8"; nullopt if that is no number of at most `most`.
std::optional<unsigned> parse_bits(std::string_view text, std::size_t most) {
  unsigned bits = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || bits > most) return std::nullopt;
  return bits;
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

/// "host:port" and "[address]:port" in parts; an IPv6 address without brackets has no port.
HostAndPort split_port(std::string_view entry) {
  HostAndPort parts{entry, ""};
  const auto colon = entry.rfind(':');
  const bool bracketed = entry.starts_with('[');
  if (colon != std::string_view::npos && (bracketed ? entry[colon - 1] == ']' : entry.find(':') == colon)) {
    parts = {entry.substr(0, colon), entry.substr(colon + 1)};
  }
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

/// Decodes percent-encoding; nullopt if malformed.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || parsed.ec != std::errc{} || parsed.ptr != digits.data() + 2) return std::nullopt;
    plain += static_cast<char>(byte);
    i += 2;
  }
  return plain;
}

/// The proxy at `authority`, "user:password@host:port"; nullopt if it is none.
std::optional<Proxy> parse_proxy_authority(const std::string& scheme, std::string_view authority) {
  Proxy proxy;
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    const auto colon = std::min(user.find(':'), user.size());
    const auto name = percent_decoded(user.substr(0, colon));
    const auto password = percent_decoded(colon < user.size() ? user.substr(colon + 1) : "");
    if (!name || !password) return std::nullopt;
    proxy.username = *name;
    proxy.password = *password;
    authority.remove_prefix(at + 1);
  }
  const bool is_socks = scheme.starts_with("socks");
  // As in Go, not libcurl, the default port of a proxy is that of its scheme.
  const std::string_view default_port = is_socks && split_port(authority).port.empty() ? ":1080" : "";
  const auto url = Url::try_parse(text::cat(scheme == "https" ? "https" : "http", "://", authority, default_port));
  if (!url) return std::nullopt;
  // The proxy resolves the name, as in Go: libcurl calls that socks5h.
  proxy.url = text::cat(is_socks ? "socks5h" : scheme, "://", url->origin().host, ":", url->origin().port);
  return proxy;
}

/// The proxy that a variable's value names: a URL, or one without its scheme, which is then http.
std::optional<Proxy> parse_proxy(std::string_view value) {
  const auto separator = value.find("://");
  const std::string scheme = separator == std::string_view::npos ? "http" : text::lower(value.substr(0, separator));
  if (scheme != "http" && scheme != "https" && scheme != "socks5" && scheme != "socks5h") return std::nullopt;
  if (separator != std::string_view::npos) value.remove_prefix(separator + 3);
  return parse_proxy_authority(scheme, value.substr(0, value.find_first_of("/?#")));
}

bool is_set(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found != environment.end() && !found->second.empty();
}

TransportError unusable(const std::string& variable) {
  TransportError error(TransportError::Kind::Proxy, text::cat("the value of ", variable, " is not the URL of a proxy"));
  error.hint(
      text::cat("check the proxy's URL in ", variable,
                ": http://USER:PASSWORD@HOST:PORT, or https or socks5 in place of http; write special characters "
                "of the password as %XX"));
  return error;
}

}  // namespace

ProxyRules::Setting ProxyRules::setting(const std::map<std::string, std::string>& environment, const char* capital,
                                        const char* small) {
  const char* const name = is_set(environment, capital) ? capital : small;
  return is_set(environment, name) ? Setting{name, std::string(text::trim(environment.at(name)))} : Setting{};
}

ProxyRules::ProxyRules(const std::map<std::string, std::string>& environment)
    : for_http_(setting(environment, "HTTP_PROXY", "http_proxy")),
      for_https_(setting(environment, "HTTPS_PROXY", "https_proxy")),
      is_cgi_(is_set(environment, "REQUEST_METHOD")),
      has_all_proxy_(is_set(environment, "ALL_PROXY") || is_set(environment, "all_proxy")) {
  std::string entries = text::lower(setting(environment, "NO_PROXY", "no_proxy").value);
  std::ranges::replace_if(
      entries, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }, ',');
  for (const std::string& entry : text::split(entries, ',')) add_exception(entry);
}

void ProxyRules::add_exception(const std::string& entry) {
  if (entry == "*") no_proxy_at_all_ = true;
  const auto slash = std::min(entry.find('/'), entry.size());
  if (Address network = parse_address(std::string_view(entry).substr(0, slash));
      slash < entry.size() && !network.empty()) {
    const auto bits = parse_bits(std::string_view(entry).substr(slash + 1), network.size() * 8);
    if (bits) exceptions_.push_back({.network = std::move(network), .bits = *bits});
    return;
  }
  const HostAndPort parts = split_port(entry);
  if (parts.host.empty()) return;
  Exception exception{.port = std::string(parts.port)};
  exception.network = parse_address(parts.host);
  exception.bits = static_cast<unsigned>(exception.network.size()) * 8;
  if (exception.network.empty()) {
    const std::string_view domain = parts.host.starts_with("*.") ? parts.host.substr(1) : parts.host;
    exception.also_itself = domain.front() != '.';
    exception.domain = text::cat(exception.also_itself ? "." : "", domain);
  }
  exceptions_.push_back(std::move(exception));
}

bool ProxyRules::fits(const Exception& exception, std::string_view host, const Address& address) {
  if (!exception.network.empty()) return is_in(address, exception.network, exception.bits);
  if (!address.empty()) return false;
  return host.ends_with(exception.domain) || (exception.also_itself && host == exception.domain.substr(1));
}

bool ProxyRules::goes_directly(const Origin& origin) const {
  if (no_proxy_at_all_ || is_loopback(origin.host)) return true;
  const std::string_view host = split_port(origin.host).host;  // without brackets
  const Address address = parse_address(host);
  const std::string port = std::to_string(origin.port);
  return std::ranges::any_of(exceptions_, [&](const Exception& exception) {
    return (exception.port.empty() || exception.port == port) && fits(exception, host, address);
  });
}

std::optional<Proxy> ProxyRules::proxy_for(const Origin& origin) const {
  const Setting& setting = origin.scheme == "https" ? for_https_ : for_http_;
  if (setting.value.empty() || goes_directly(origin)) return std::nullopt;
  if (is_cgi_ && origin.scheme == "http") {
    TransportError error(TransportError::Kind::Proxy,
                         text::cat(setting.variable,
                                   " is not used where REQUEST_METHOD is set: in a CGI environment "
                                   "the sender of a request may have set the proxy"));
    error.hint("unset REQUEST_METHOD, or name the host in NO_PROXY if it needs no proxy");
    throw error;
  }
  auto proxy = parse_proxy(setting.value);
  if (!proxy) throw unusable(setting.variable);
  proxy->variable = setting.variable;
  return proxy;
}

}  // namespace ociferry

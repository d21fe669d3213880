#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.hpp"

namespace ociferry {

/// A proxy from the environment.
struct Proxy {
  std::string url = {};       ///< "http://proxy.example:3128": scheme, host and port; holds no secret
  std::string username = {};  ///< empty: the proxy needs no credentials
  std::string password = {};  ///< never shown
  std::string variable = {};  ///< where it is named: "HTTPS_PROXY"
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// Chooses the proxy of a request by the rules of Go's golang.org/x/net/http/httpproxy, like imgpkg and most other
/// registry clients: HTTPS_PROXY for https, HTTP_PROXY for http, NO_PROXY for the exceptions, each also in lower case
/// (upper case first); ALL_PROXY is ignored. Unlike in Go, loopback hosts (see `is_loopback`) are never reached through
/// a proxy, blanks separate the entries of NO_PROXY like commas, and an invalid URL is an error. A value; thread-safe.
class ProxyRules {
 public:
  /// No proxies.
  ProxyRules() = default;
  /// The rules in `environment`. Malformed values are reported by `proxy_for`, when they matter.
  explicit ProxyRules(const std::map<std::string, std::string>& environment);

  /// The proxy for requests to `origin`, or nullopt: they go there directly. Throws TransportError{Proxy}, which shows
  /// nothing of the variable's value, if that is no URL of a proxy (http, https, socks5 or socks5h), or if the proxy is
  /// for plain http and REQUEST_METHOD is set: then HTTP_PROXY may be what the client of a CGI server has sent.
  [[nodiscard]] std::optional<Proxy> proxy_for(const Origin& origin) const;

  /// True if ALL_PROXY is set, which is ignored; for hints.
  [[nodiscard]] bool has_all_proxy() const noexcept { return has_all_proxy_; }

 private:
  struct Setting {
    std::string variable = {};
    std::string value = {};
  };
  /// An entry of NO_PROXY: a network (an address is one of its full length) or a domain.
  struct Exception {
    std::vector<unsigned char> network = {};  ///< 4 or 16 bytes; empty: a domain
    unsigned bits = 0;                        ///< of the network's address that count
    std::string domain = {};                  ///< ".example.com"
    bool also_itself = false;                 ///< "example.com" is meant, too
    std::string port = {};                    ///< empty: any
  };

  [[nodiscard]] static Setting setting(const std::map<std::string, std::string>& environment, const char* capital,
                                       const char* small);
  void add_exception(const std::string& entry);
  [[nodiscard]] bool goes_directly(const Origin& origin) const;
  [[nodiscard]] static bool fits(const Exception& exception, std::string_view host,
                                 const std::vector<unsigned char>& address);

  Setting for_http_;
  Setting for_https_;
  std::vector<Exception> exceptions_;
  bool no_proxy_at_all_ = false;  ///< NO_PROXY has "*"
  bool is_cgi_ = false;
  bool has_all_proxy_ = false;
};

}  // namespace ociferry

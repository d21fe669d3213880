#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.hpp"

namespace ociferry {

/// A proxy that the environment names.
struct Proxy {
  std::string url = {};       ///< "http://proxy.example:3128": scheme, host and port; holds no secret
  std::string username = {};  ///< what the proxy wants to see, if anything
  std::string password = {};  ///< never shown
  std::string variable = {};  ///< where it is named: "HTTPS_PROXY"
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// Which requests go through which proxy, by the rules of Go's golang.org/x/net/http/httpproxy, which imgpkg and most
/// other tools of registries follow: HTTPS_PROXY for https, HTTP_PROXY for http, NO_PROXY for the exceptions, each also
/// in small letters, the capital ones first; ALL_PROXY counts for nothing. Not Go's: this machine (see `is_loopback`)
/// is never asked through a proxy by any of its names, blanks separate the entries of NO_PROXY as commas do, and what
/// is no proxy's URL is an error rather than no proxy. A value; thread-safe.
class ProxyRules {
 public:
  /// No proxy for anybody.
  ProxyRules() = default;
  /// What the variables in `environment` say. Throws nothing: what is malformed matters to those who would need it.
  explicit ProxyRules(const std::map<std::string, std::string>& environment);

  /// The proxy for requests to `origin`, or nullopt: they go there directly. Throws TransportError{Proxy}, which shows
  /// nothing of the variable's value, if that is no URL of a proxy (http, https, socks5 or socks5h), or if the proxy is
  /// for plain http and REQUEST_METHOD is set: then HTTP_PROXY may be what the client of a CGI server has sent.
  [[nodiscard]] std::optional<Proxy> proxy_for(const Origin& origin) const;

  /// True if ALL_PROXY is set, which counts for nothing: somebody may wonder.
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
  bool nobody_ = false;  ///< NO_PROXY has "*"
  bool is_cgi_ = false;
  bool has_all_proxy_ = false;
};

}  // namespace ociferry

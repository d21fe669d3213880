#include "http/proxy_rules.hpp"

#include <doctest/doctest.h>

#include "http/transport.hpp"

using namespace ociferry;

namespace {

using Variables = std::map<std::string, std::string>;

/// The URL of the proxy for `url`, or "" if there is none.
std::string proxy_for(const Variables& environment, const std::string& url) {
  const auto proxy = ProxyRules(environment).proxy_for(Url::parse(url).origin());
  return proxy ? proxy->url : "";
}

/// True if requests to `url` go through a proxy although NO_PROXY is `no_proxy`.
bool is_proxied(const std::string& no_proxy, const std::string& url) {
  return !proxy_for({{"HTTP_PROXY", "proxy"}, {"HTTPS_PROXY", "proxy"}, {"NO_PROXY", no_proxy}}, url).empty();
}

struct Row {
  const char* no_proxy;
  const char* url;
  bool proxied;
};

}  // namespace

TEST_CASE("each scheme has its own proxy variable, upper case first; ALL_PROXY is ignored") {
  const Variables both{{"HTTP_PROXY", "a:1"}, {"http_proxy", "b:1"}, {"HTTPS_PROXY", "c:1"}, {"https_proxy", "d:1"}};
  CHECK(proxy_for(both, "http://reg.example/") == "http://a:1");
  CHECK(proxy_for(both, "https://reg.example/") == "http://c:1");
  const Variables small{{"HTTP_PROXY", ""}, {"http_proxy", "b:1"}, {"https_proxy", "d:1"}, {"no_proxy", "x.example"}};
  CHECK(proxy_for(small, "http://reg.example/") == "http://b:1");
  CHECK(proxy_for(small, "https://reg.example/") == "http://d:1");
  CHECK(proxy_for(small, "https://x.example/").empty());
  CHECK(proxy_for({{"http_proxy", "b:1"}}, "https://reg.example/").empty());
  CHECK(proxy_for({{"https_proxy", "b:1"}}, "http://reg.example/").empty());
  CHECK(proxy_for({{"ALL_PROXY", "b:1"}, {"all_proxy", "b:1"}}, "https://reg.example/").empty());
  CHECK(ProxyRules(Variables{{"all_proxy", "b:1"}}).has_all_proxy());
  CHECK_FALSE(ProxyRules(small).has_all_proxy());
  CHECK(proxy_for({{"https_proxy", "d:1"}, {"NO_PROXY", "x.example"}, {"no_proxy", "*"}}, "https://y.example/") ==
        "http://d:1");
}

TEST_CASE("hosts of this machine are never requested through a proxy") {
  for (const char* host : {"localhost", "LOCALHOST:5000", "localhost.", "reg.localhost", "127.0.0.1", "127.9.8.7:5000",
                           "[::1]:5000", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    CAPTURE(host);
    CHECK_FALSE(is_proxied("", std::string("http://") + host + "/"));
    CHECK_FALSE(is_proxied("", std::string("https://") + host + "/"));
  }
  for (const char* host : {"localhost.example", "128.0.0.1", "[::2]", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK(is_proxied("", std::string("https://") + host + "/"));
  }
}

TEST_CASE("NO_PROXY is parsed as in Go") {
  for (const Row& row : {
           Row{"reg.example", "https://reg.example/", false},
           Row{"reg.example", "https://REG.example:5000/", false},
           Row{"REG.Example", "https://reg.example/", false},
           Row{"reg.example", "https://a.b.reg.example/", false},
           Row{"reg.example", "https://areg.example/", true},
           Row{"reg.example", "https://reg.example.org/", true},
           Row{".example", "https://reg.example/", false},
           Row{".reg.example", "https://reg.example/", true},
           Row{"*.example", "https://a.reg.example/", false},
           Row{"*.reg.example", "https://reg.example/", true},
           Row{"*.reg.example:5000", "https://a.reg.example:5000/", false},
           Row{"r*.example", "https://reg.example/", true},
           Row{"reg.example:443", "https://reg.example/", false},
           Row{"reg.example:80", "http://reg.example/", false},
           Row{"reg.example:5000", "https://reg.example/", true},
           Row{".example:5000", "https://reg.example:5000/", false},
           Row{"*", "https://reg.example/", false},
           Row{"*", "https://10.1.2.3/", false},
           Row{"a.example,*", "https://10.1.2.3/", false},
           Row{"10.1.2.3", "https://10.1.2.3:5000/", false},
           Row{"10.1.2.3:5000", "https://10.1.2.3:5000/", false},
           Row{"10.1.2.3:5000", "https://10.1.2.3/", true},
           Row{"10.1.2.3", "https://10.1.2.30/", true},
           Row{"2.3", "https://10.1.2.3/", true},
           Row{"10.0.0.0/8", "https://10.255.2.3:5000/", false},
           Row{"10.16.0.0/12", "https://10.31.255.255/", false},
           Row{"10.16.0.0/12", "https://10.32.0.0/", true},
           Row{"10.0.0.0/8", "https://ten.example/", true},
           Row{"0.0.0.0/0", "https://8.8.8.8/", false},
           Row{"0.0.0.0/0", "https://[fd00::1]/", true},
           Row{"10.0.0.0/33", "https://10.0.0.0/", true},
           Row{"10.0.0.0/", "https://10.0.0.0/", true},
           Row{"10.0.0.0/8:80", "http://10.0.0.0/", true},
           Row{"reg.example/8", "https://reg.example/", true},
           Row{"fd00::1", "https://[fd00::1]:5000/", false},
           Row{"[fd00::1]:5000", "https://[fd00:0::1]:5000/", false},
           Row{"[fd00::1]:5000", "https://[fd00::1]/", true},
           Row{"[fd00::1]", "https://[fd00::1]/", false},
           Row{"fd00::/8", "https://[fdff::1]/", false},
           Row{"fd00::/8", "https://[fe00::1]/", true},
           Row{"10.1.2.3", "https://[::ffff:10.1.2.3]/", false},
           Row{" a.example , reg.example ", "https://reg.example/", false},
           Row{"a.example reg.example", "https://reg.example/", false},
           Row{"a.example\treg.example", "https://reg.example/", false},
           Row{",,:80,[,],/,.", "https://reg.example/", true},
           Row{"", "https://reg.example/", true},
       }) {
    CAPTURE(row.no_proxy);
    CAPTURE(row.url);
    CHECK(is_proxied(row.no_proxy, row.url) == row.proxied);
  }
}

TEST_CASE("a proxy is a URL, or host and port; missing parts are the scheme's defaults") {
  const auto proxy = [](const std::string& value) {
    return ProxyRules(Variables{{"HTTPS_PROXY", value}}).proxy_for({"https", "reg.example", 443});
  };
  CHECK(proxy("proxy.example")->url == "http://proxy.example:80");
  CHECK(proxy(" Proxy.example:3128 ")->url == "http://proxy.example:3128");
  CHECK(proxy("10.0.0.1:3128")->url == "http://10.0.0.1:3128");
  CHECK(proxy("HTTP://proxy.example/ignored?x#y")->url == "http://proxy.example:80");
  CHECK(proxy("https://proxy.example")->url == "https://proxy.example:443");
  CHECK(proxy("https://[fd00::1]:8443/")->url == "https://[fd00::1]:8443");
  CHECK(proxy("socks5://proxy.example")->url == "socks5h://proxy.example:1080");
  CHECK(proxy("socks5h://[fd00::1]")->url == "socks5h://[fd00::1]:1080");
  CHECK(proxy("socks5://proxy.example:9050")->url == "socks5h://proxy.example:9050");
  CHECK(*proxy("http://me:p%40ss%3a%2F@h:1") ==
        Proxy{.url = "http://h:1", .username = "me", .password = "p@ss:/", .variable = "HTTPS_PROXY"});
  CHECK(*proxy("me:a@b:c@h") ==
        Proxy{.url = "http://h:80", .username = "me", .password = "a@b:c", .variable = "HTTPS_PROXY"});
  CHECK(*proxy("me@h") == Proxy{.url = "http://h:80", .username = "me", .variable = "HTTPS_PROXY"});
  CHECK_FALSE(proxy("   ").has_value());
}

TEST_CASE("an invalid proxy URL is an error that does not show it, only for requests that use it") {
  for (const char* value : {"http://user:s3cr3t@127.0.0.1:99999", "user:s3cr3t@127.0.0.1:0", "http://user:x/s3cr3t@h",
                            "gopher://user:s3cr3t@h", "ftp://h", "http://", "http://user:s3cr3t@", "http://h:s3cr3t",
                            "://h", "http://user:%zz@h", "http://user:%2@h", "http://h h", "127.1"}) {
    CAPTURE(value);
    const ProxyRules rules({{"HTTPS_PROXY", value}, {"NO_PROXY", "direct.example"}});
    CHECK_FALSE(rules.proxy_for({"https", "direct.example", 443}).has_value());
    CHECK_FALSE(rules.proxy_for({"http", "reg.example", 80}).has_value());
    try {
      static_cast<void>(rules.proxy_for({"https", "reg.example", 443}));
      FAIL("taken");
    } catch (const TransportError& error) {
      CHECK(error.kind() == TransportError::Kind::Proxy);
      CHECK(error.is_lasting());
      CHECK(error.hint_text().find("HTTPS_PROXY") != std::string::npos);
      CHECK((error.message() + error.hint_text()).find("s3cr3t") == std::string::npos);
    }
  }
}

TEST_CASE("in a CGI environment HTTP_PROXY is refused") {
  for (const char* name : {"HTTP_PROXY", "http_proxy"}) {
    const ProxyRules rules({{name, "p"}, {"HTTPS_PROXY", "p"}, {"NO_PROXY", "x.example"}, {"REQUEST_METHOD", "GET"}});
    CHECK_THROWS_AS(static_cast<void>(rules.proxy_for({"http", "reg.example", 80})), TransportError);
    CHECK_FALSE(rules.proxy_for({"http", "x.example", 80}).has_value());
    CHECK_FALSE(rules.proxy_for({"http", "localhost", 80}).has_value());
    CHECK(rules.proxy_for({"https", "reg.example", 443}).has_value());
  }
}

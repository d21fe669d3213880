#include <doctest/doctest.h>

#include <algorithm>

#include "stream/base64.hpp"
#include "support/connect_proxy.hpp"
#include "tls_registry.hpp"

// Proxies that the environment names. The registry is on this machine, which no proxy is asked for; so it goes by a
// name that leads nowhere but through the proxy.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kCredentials = "user:s3cr3tpw";

/// The registry's name behind the proxy: "registry.test:PORT".
std::string name_of(const std::string& host) { return "registry.test" + host.substr(host.rfind(':')); }

Outcome ask(const TlsRegistry& registry, const Variables& environment) {
  Words arguments = registry.resolve(name_of(registry.host()));
  arguments.emplace_back("--debug");
  return Ociferry(OCIFERRY_BINARY).run(arguments, environment);
}

/// True if neither the password nor what it is on the way shows in anything that was printed.
bool is_discreet(const Outcome& outcome) {
  const std::string printed = outcome.out + outcome.err;
  return !has(printed, "s3cr3tpw") && !has(printed, base64_encoded(kCredentials));
}

}  // namespace

TEST_CASE("https goes through the proxy of HTTPS_PROXY, whose credentials go to the proxy only and are not shown") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy(kCredentials);
  for (const char* name : {"HTTPS_PROXY", "https_proxy"}) {
    CAPTURE(name);
    const Outcome outcome = ask(registry, {{name, proxy.url(kCredentials)}});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(is_discreet(outcome));
  }
  REQUIRE(proxy.requests().size() >= 2);
  for (const HttpRequest& request : proxy.requests()) {
    CHECK(request.method == "CONNECT");
    CHECK(request.path == name_of(registry.host()));
    CHECK_FALSE(request.headers.find("Authorization").has_value());
  }
  REQUIRE_FALSE(registry.requests().empty());
  for (const HttpRequest& request : registry.requests()) {
    CHECK_FALSE(request.headers.find("Proxy-Authorization").has_value());
    CHECK_FALSE(request.headers.find("Authorization").has_value());
  }
}

TEST_CASE("the registry's credentials do not go to the proxy") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy;
  Words arguments = registry.resolve(name_of(registry.host()));
  arguments.insert(arguments.end(), {"--registry-username", "ann", "--registry-password", "s3cr3tpw"});
  CHECK(Ociferry(OCIFERRY_BINARY).run(arguments, {{"HTTPS_PROXY", proxy.url()}}).exit_code == 0);
  REQUIRE_FALSE(proxy.requests().empty());
  for (const HttpRequest& request : proxy.requests()) {
    for (const char* name : {"Authorization", "Proxy-Authorization"}) {
      CHECK_FALSE(request.headers.find(name).has_value());
    }
  }
}

TEST_CASE("a proxy that refuses credentials is a final error, with a hint where to set them") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy(kCredentials);
  const Outcome outcome = ask(registry, {{"HTTPS_PROXY", proxy.url("user:s3cr3tpw2")}});
  CHECK(outcome.exit_code == 23);
  CHECK(is_discreet(outcome));
  CHECK(has(outcome.err, "the proxy answered 407"));
  CHECK(has(outcome.err, "hint: give them in HTTPS_PROXY"));
  CHECK_FALSE(has(outcome.err, "running the same command again may help"));
  CHECK(std::ranges::count(proxy.requests(), "CONNECT", &HttpRequest::method) == 1);
  CHECK(registry.requests().empty());
}

TEST_CASE("a proxy that requires credentials for plain http is a final error, too") {
  const ConnectProxy proxy(kCredentials);
  const Words arguments{"tag", "resolve", "-i", TlsRegistry::image_at("registry.local"), "--debug"};
  for (const char* name : {"HTTP_PROXY", "http_proxy"}) {
    CAPTURE(name);
    const std::size_t before = proxy.requests().size();
    const Outcome outcome = Ociferry(OCIFERRY_BINARY).run(arguments, {{name, proxy.url("user:s3cr3tpw2")}});
    CHECK(outcome.exit_code == 23);
    CHECK(is_discreet(outcome));
    CHECK(has(outcome.err, "the proxy answered 407"));
    CHECK(proxy.requests().size() == before + 1);
  }
}

TEST_CASE("in a CGI environment a proxy for http is refused, since a client's header may have set it") {
  const ConnectProxy proxy;
  const Words arguments{"tag", "resolve", "-i", TlsRegistry::image_at("registry.local")};
  const Outcome outcome =
      Ociferry(OCIFERRY_BINARY).run(arguments, {{"HTTP_PROXY", proxy.url()}, {"REQUEST_METHOD", "GET"}});
  CHECK(outcome.exit_code == 23);
  CHECK(has(outcome.err, "REQUEST_METHOD"));
  CHECK(proxy.requests().empty());
}

TEST_CASE("a registry on this machine is never requested through a proxy") {
  FakeRegistry registry;
  add_image(registry);
  const HttpServer server(registry.handler());
  const ConnectProxy proxy;
  const Variables environment{{"HTTP_PROXY", proxy.url()},
                              {"HTTPS_PROXY", proxy.url()},
                              {"IMGPKG_USERNAME", "ann"},
                              {"IMGPKG_PASSWORD", "s3cr3tpw"}};
  const std::string port = server.host().substr(server.host().rfind(':'));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    const Words arguments{"tag", "resolve", "-i", TlsRegistry::image_at(host + port)};
    CHECK(Ociferry(OCIFERRY_BINARY).run(arguments, environment).exit_code == 0);
  }
  CHECK(proxy.requests().empty());
}

TEST_CASE("a plain-http proxy sees a password for a plain-http registry only with --registry-insecure") {
  // The proxy answers in the registry's place.
  const HttpServer proxy([](const HttpRequest& request) {
    if (!request.headers.find("Authorization")) return HttpReply{401, {{"WWW-Authenticate", "Basic realm=x"}}, ""};
    return HttpReply{404, {}, ""};
  });
  Words arguments{"tag", "resolve", "-i", TlsRegistry::image_at("registry.local"), "--registry-username", "ann"};
  const Variables environment{{"HTTP_PROXY", proxy.origin()}, {"IMGPKG_PASSWORD", "s3cr3tpw"}};
  const Outcome refused = Ociferry(OCIFERRY_BINARY).run(arguments, environment);
  CHECK(refused.exit_code == 20);
  CHECK(has(refused.err, "others on the path could read them"));
  CHECK(has(refused.err, "--registry-insecure"));
  CHECK_FALSE(std::ranges::any_of(
      proxy.requests(), [](const HttpRequest& request) { return request.headers.find("Authorization").has_value(); }));
  arguments.emplace_back("--registry-insecure");
  CHECK(Ociferry(OCIFERRY_BINARY).run(arguments, environment).exit_code == 22);
  CHECK(proxy.requests().back().headers.find("Authorization").has_value());
}

TEST_CASE("a proxy that refuses the connection to the registry is a final error") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  ConnectProxy proxy;
  proxy.refuse(403);
  const Outcome outcome = ask(registry, {{"HTTPS_PROXY", proxy.url()}});
  CHECK(outcome.exit_code == 23);
  CHECK(has(outcome.err, "403"));
  CHECK(has(outcome.err, "NO_PROXY"));
  CHECK(proxy.requests().size() == 1);
}

TEST_CASE("hosts in NO_PROXY are requested without the proxy, and ALL_PROXY is ignored") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy;
  for (const char* hosts : {"*.test", "*", "other.example,registry.test:443", "registry.test"}) {
    CAPTURE(hosts);
    // Without the proxy the name leads nowhere.
    const std::string host = std::string_view(hosts).ends_with("443") ? "registry.test" : name_of(registry.host());
    const Outcome outcome =
        Ociferry(OCIFERRY_BINARY).run(registry.resolve(host), {{"HTTPS_PROXY", proxy.url()}, {"NO_PROXY", hosts}});
    CHECK(outcome.exit_code == 23);
    CHECK(proxy.requests().empty());
  }
  const Outcome all = ask(registry, {{"ALL_PROXY", proxy.url()}});
  CHECK(all.exit_code == 23);
  CHECK(has(all.err, "ALL_PROXY is set, but ignored"));
  CHECK(proxy.requests().empty());
  CHECK(ask(registry, {{"HTTPS_PROXY", proxy.url()}, {"NO_PROXY", "other.example"}}).exit_code == 0);
  CHECK_FALSE(proxy.requests().empty());
}

TEST_CASE("an invalid proxy URL is not shown") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  for (const char* proxy : {"http://user:s3cr3tpw@127.0.0.1:99999", "user:s3cr3tpw@127.0.0.1:99999",
                            "gopher://user:s3cr3tpw@127.0.0.1", "http://user:x/s3cr3tpw@127.0.0.1"}) {
    CAPTURE(proxy);
    const Outcome outcome = ask(registry, {{"HTTPS_PROXY", proxy}});
    CHECK(outcome.exit_code == 23);
    CHECK(is_discreet(outcome));
    CHECK(has(outcome.err, "hint: check the proxy's URL in HTTPS_PROXY"));
    CHECK_FALSE(has(outcome.err, "gave up after"));
  }
}

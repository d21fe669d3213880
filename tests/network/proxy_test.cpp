#include <doctest/doctest.h>

#include <algorithm>

#include "registry/base64.hpp"
#include "support/connect_proxy.hpp"
#include "tls_registry.hpp"

// Proxies that the environment names. All is said by the whole program, as libcurl reads the environment itself.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kCredentials = "user:s3cr3tpw";

Outcome ask(const TlsRegistry& registry, const Variables& environment) {
  Words arguments = registry.resolve(registry.host());
  arguments.emplace_back("--debug");
  return Ociferry(OCIFERRY_BINARY).run(arguments, environment);
}

/// True if neither the password nor what it is on the way shows in anything that was printed.
bool is_discreet(const Outcome& outcome) {
  const std::string printed = outcome.out + outcome.err;
  return !has(printed, "s3cr3tpw") && !has(printed, base64_encoded(kCredentials));
}

}  // namespace

TEST_CASE("https goes through the proxy that HTTPS_PROXY names; its credentials go to the proxy alone, unseen") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy(kCredentials);
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "ALL_PROXY"}) {
    CAPTURE(name);
    const Outcome outcome = ask(registry, {{name, proxy.url(kCredentials)}});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(is_discreet(outcome));
  }
  REQUIRE(proxy.requests().size() >= 3);
  for (const HttpRequest& request : proxy.requests()) {
    CHECK(request.method == "CONNECT");
    CHECK(request.path == registry.host());
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
  Words arguments = registry.resolve(registry.host());
  arguments.insert(arguments.end(), {"--registry-username", "ann", "--registry-password", "s3cr3tpw"});
  CHECK(Ociferry(OCIFERRY_BINARY).run(arguments, {{"HTTPS_PROXY", proxy.url()}}).exit_code == 0);
  REQUIRE_FALSE(proxy.requests().empty());
  for (const HttpRequest& request : proxy.requests()) {
    for (const char* name : {"Authorization", "Proxy-Authorization"}) {
      CHECK_FALSE(request.headers.find(name).has_value());
    }
  }
}

TEST_CASE("a proxy that wants other credentials ends the command at once and says where they go") {
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

TEST_CASE("a proxy that wants credentials for plain http ends the command at once, too") {
  FakeRegistry registry;
  add_image(registry);
  const HttpServer plain(registry.handler());
  const ConnectProxy proxy(kCredentials);
  const Words arguments{"tag", "resolve", "-i", TlsRegistry::image_at(plain.host()), "--debug"};
  const Outcome outcome = Ociferry(OCIFERRY_BINARY).run(arguments, {{"http_proxy", proxy.url("user:s3cr3tpw2")}});
  CHECK(outcome.exit_code == 23);
  CHECK(is_discreet(outcome));
  CHECK(has(outcome.err, "the proxy answered 407"));
  CHECK(proxy.requests().size() == 1);
  // Servers of the CGI kind set HTTP_PROXY to what a client's header says.
  CHECK(Ociferry(OCIFERRY_BINARY).run(arguments, {{"HTTP_PROXY", proxy.url()}}).exit_code == 0);
  CHECK(proxy.requests().size() == 1);
}

TEST_CASE("a proxy that lets nobody through to the registry is final") {
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

TEST_CASE("hosts that NO_PROXY names are asked without the proxy") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const ConnectProxy proxy;
  for (const char* hosts : {"127.0.0.1", "*", "other.example,127.0.0.0/8"}) {
    CAPTURE(hosts);
    CHECK(ask(registry, {{"HTTPS_PROXY", proxy.url()}, {"NO_PROXY", hosts}}).exit_code == 0);
    CHECK(proxy.requests().empty());
  }
  CHECK(ask(registry, {{"HTTPS_PROXY", proxy.url()}, {"NO_PROXY", "other.example"}}).exit_code == 0);
  CHECK_FALSE(proxy.requests().empty());
}

TEST_CASE("of a proxy that is no URL nothing is shown") {
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

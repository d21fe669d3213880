#include <doctest/doctest.h>

#include "http/redirect.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"
#include "transfer/memory_blobs.hpp"

// Where other programs sent credentials that belonged to a registry, by the names under which it became known.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const RegistryOptions kLogin{.username = "me", .password = "secret"};

/// A registry that wants tokens (or Basic, if it has no realm), and everything else on the same fake network.
struct Net : Rig {
  std::string realm = "https://reg.example/token";
  std::function<std::optional<HttpReply>(const HttpRequest&)> registry_answers;  ///< when access was proved
  std::function<HttpReply(const HttpRequest&)> elsewhere = [](const HttpRequest&) { return HttpReply{404}; };

  explicit Net(RegistryOptions options = kLogin) : Rig(std::move(options)) {
    registry.intercept = [this](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path == "/token") return HttpReply{200, {}, R"({"token":"t","expires_in":300})"};
      if (!request.path.starts_with("/v2/")) return elsewhere(request);
      if (!request.headers.find("Authorization")) {
        const std::string challenge = realm.empty() ? "Basic realm=\"x\"" : "Bearer realm=\"" + realm + "\"";
        return HttpReply{401, {{"WWW-Authenticate", challenge}}};
      }
      return registry_answers ? registry_answers(request) : std::nullopt;
    };
  }

  /// The requests that went anywhere but to the registry at https.
  [[nodiscard]] std::vector<std::string> strays() const {
    std::vector<std::string> found;
    for (const std::string& line : transport->lines()) {
      if (line.find(" https://reg.example/") == std::string::npos) found.push_back(line);
    }
    return found;
  }
  /// True if a request to anywhere but the registry had any kind of credentials.
  [[nodiscard]] bool leaked() const {
    const auto lines = transport->lines();
    const auto requests = transport->requests();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find(" https://reg.example/") != std::string::npos) continue;
      const HttpRequest& request = requests[i];
      if (request.headers.find("Authorization") || request.headers.find("Cookie")) return true;
      if (lines[i].find("secret") != std::string::npos || request.body.find("secret") != std::string::npos) return true;
    }
    return false;
  }
};

/// Reads a blob that the registry keeps at `location`.
void read_redirected(Net& net, const std::string& location) {
  const Descriptor blob = net.registry.add_blob("team/app", "content");
  net.registry_answers = [location](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path.find("/blobs/") == std::string::npos) return std::nullopt;
    return HttpReply{307, {{"Location", location}}};
  };
  net.elsewhere = [](const HttpRequest&) { return HttpReply{200, {}, "content"}; };
  static_cast<void>(net.repository().open(blob, 0, {}));
}

}  // namespace

TEST_CASE("GHSA-vh4v-2xq2-g5cg, GHSA-qvqc-4c52-x6qp: a redirect to another host takes no credentials along") {
  for (const std::string realm : {"https://reg.example/token", ""}) {
    Net net;
    net.realm = realm;
    read_redirected(net, "https://storage.example/blob?sig=x");
    CHECK(net.strays().size() == 1);
    CHECK_FALSE(net.leaked());
  }
}

TEST_CASE("CVE-2018-1000007, CVE-2022-27774, CVE-2022-27776: a redirect to another port takes no credentials along") {
  Net net;
  read_redirected(net, "https://reg.example:8443/blob");
  CHECK(net.strays() == std::vector<std::string>{"GET https://reg.example:8443/blob"});
  CHECK_FALSE(net.leaked());
}

TEST_CASE("CVE-2022-27774: a redirect from https to http is refused") {
  Net net;
  CHECK(code_of([&] { read_redirected(net, "http://reg.example/blob"); }) == ErrorCode::Hostile);
  CHECK(net.strays().empty());
}

TEST_CASE("CVE-2021-22876: no request has a Referer") {
  Net net;
  read_redirected(net, "https://storage.example/blob");
  for (const HttpRequest& request : net.transport->requests()) CHECK_FALSE(request.headers.find("Referer").has_value());
}

TEST_CASE("CVE-2022-27780: a host with an escaped slash is not a host") {
  for (const char* url : {"https://reg.example%2F127.0.0.1/", "https://127.0.0.1%2f.example/", "https://a%00b/"}) {
    CHECK_THROWS_AS((void)Url::parse(url), Error);
  }
}

TEST_CASE("GHSA-28r5-37g7-p6mp, GHSA-xf85-363p-868w: token servers over http or on this machine get no credentials") {
  for (const char* realm : {"http://evil.example/token", "http://reg.example/token", "https://127.0.0.1/token",
                            "https://localhost:9000/token", "https://user@evil.example/token"}) {
    CAPTURE(realm);
    Net net;
    net.realm = realm;
    CHECK(code_of([&] { (void)net.repository().resolve("v1"); }) == ErrorCode::Hostile);
    CHECK(net.strays().empty());
  }
}

TEST_CASE("CVE-2019-10214: a token server over http gets no credentials, even if its registry uses https") {
  Net net;
  net.realm = "http://auth.example/token";
  CHECK(code_of([&] { (void)net.repository().resolve("v1"); }) == ErrorCode::Hostile);
  CHECK(net.strays().empty());
}

TEST_CASE("CVE-2026-33990: a realm at a loopback or cloud metadata address is not requested") {
  for (const char* realm :
       {"https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "http://127.0.0.1:2375/",
        "https://metadata.google.internal/computeMetadata/v1/", "https://[::ffff:169.254.169.254]/"}) {
    CAPTURE(realm);
    Net net;
    net.realm = realm;
    CHECK(code_of([&] { (void)net.repository().resolve("v1"); }) == ErrorCode::Hostile);
    CHECK(net.strays().empty());
  }
}

TEST_CASE("ggcr#2302: registries and token servers in private networks still work") {
  for (const char* realm : {"https://10.1.2.3/token", "https://192.168.7.7:8443/token", "https://[fd00::7]/token"}) {
    CAPTURE(realm);
    Net net;
    net.realm = realm;
    CHECK_FALSE(net.repository().resolve("v1").has_value());
  }
  Net net;
  read_redirected(net, "https://172.16.0.9/blob");
  CHECK_FALSE(net.leaked());
}

TEST_CASE("GHSA-jxpm-75mh-9fp7: an upload at another host gets no credentials, and does not leave https") {
  const Descriptor blob{"application/x", sha256("content"), 7};
  const auto upload = [&](Net& net, const std::string& location) {
    net.registry_answers = [location](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.method == "HEAD") return HttpReply{404};
      if (request.method == "POST") return HttpReply{202, {{"Location", location}}};
      return std::nullopt;
    };
    net.elsewhere = [](const HttpRequest&) { return HttpReply{201}; };
    MemoryBlobs from;
    from.add(blob.digest, "content");
    static_cast<void>(net.repository().put_blob(blob, from, net.progress, {}));
  };
  Net net;
  upload(net, "https://storage.example/upload?token=x");
  CHECK(net.strays().size() == 1);
  CHECK_FALSE(net.leaked());
  for (const char* location : {"http://storage.example/u", "https://169.254.169.254/u", "https://localhost/u"}) {
    CAPTURE(location);
    Net refused;
    CHECK_THROWS_AS(upload(refused, location), Error);
    CHECK(refused.strays().empty());
  }
}

TEST_CASE("CVE-2020-15157, ggcr#2293: a layer's URLs are followed only if asked to, and never with credentials") {
  Descriptor layer{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", sha256("content"), 7};
  layer.urls = {"https://evil.example/layer"};
  Net careful;
  CHECK(code_of([&] { (void)careful.repository().open(layer, 0, {}); }) == ErrorCode::NotFound);
  CHECK(careful.strays().empty());
  RegistryOptions options = kLogin;
  options.foreign_layers = true;
  Net net(options);
  net.elsewhere = [](const HttpRequest& request) {
    if (!request.headers.find("Authorization")) return HttpReply{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}};
    return HttpReply{200, {}, "content"};
  };
  CHECK(code_of([&] { (void)net.repository().open(layer, 0, {}); }) == ErrorCode::NotFound);
  CHECK_FALSE(net.strays().empty());
  CHECK_FALSE(net.leaked());
}

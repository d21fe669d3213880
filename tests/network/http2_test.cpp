#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.hpp"
#include "support/listener.hpp"
#include "support/registry_server.hpp"
#include "tls_registry.hpp"

// HTTP/2, which libcurl agrees upon with servers that offer it, and what becomes of it when a stream breaks.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr const char* kProtocol = "X-Protocol";

/// nginx with TLS and HTTP/2 in front of a plain server, which it tells by X-Protocol how it was asked itself.
class Nginx {
 public:
  Nginx(const TlsIdentity& identity, const std::string& upstream) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      write_text(directory_.path() / "nginx.conf", configuration(identity, upstream));
      process_.emplace(Program{{"nginx", "-e", "stderr", "-c", (directory_.path() / "nginx.conf").string()}});
      // It listens before it writes its number; it ends if it cannot listen.
      while (process_->running()) {
        if (std::filesystem::exists(directory_.path() / "pid") && connect_to(host())) return;
        std::this_thread::yield();
      }
    }
    FAIL("nginx does not start: " << process_->err());
  }

  [[nodiscard]] std::string host() const { return text::cat("127.0.0.1:", port_); }

 private:
  [[nodiscard]] std::string configuration(const TlsIdentity& identity, const std::string& upstream) const {
    const std::string directory = directory_.path().string();
    std::string temporary;
    for (const char* user : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      temporary += text::cat(user, "_temp_path \"", directory, "/", user, "\";\n");
    }
    return text::cat("daemon off;\nmaster_process off;\npid \"", directory, "/pid\";\nevents {}\nhttp {\n", temporary,
                     "access_log off;\nserver {\nlisten ", host(), " ssl http2;\nssl_certificate \"",
                     identity.certificate.string(), "\";\nssl_certificate_key \"", identity.key.string(),
                     "\";\nlocation / {\nproxy_pass ", upstream, ";\nproxy_buffering off;\nproxy_set_header ",
                     kProtocol, " $server_protocol;\n}\n}\n}\n");
  }

  TempDirectory directory_ = temp_directory();
  std::uint16_t port_ = 0;
  std::optional<Process> process_;
};

bool is_http2(const HttpRequest& request) { return request.headers.find(kProtocol) == "HTTP/2.0"; }

}  // namespace

TEST_CASE("HTTP/2 is used where it is offered; after a stream that broke, the host is asked by HTTP/1.1") {
  if (lacks({"openssl", "nginx"})) return;
  const TempDirectory directory = temp_directory();
  const TlsIdentity identity = make_tls_identity(directory.path());
  FakeRegistry registry;
  add_image(registry, 4);
  std::atomic<int> breaks{0};
  registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (!has(request.path, "/blobs/") || breaks.fetch_sub(1) <= 0) return std::nullopt;
    HttpReply reply{200, {}, std::string(100'000, 'x')};
    reply.break_after = 10;
    return reply;
  };
  const HttpServer upstream(registry.handler());
  const Nginx nginx(identity, upstream.origin());
  const Ociferry ociferry(OCIFERRY_BINARY);
  const auto requests_of_export = [&](const std::string& output) {
    const std::size_t before = upstream.requests().size();
    const Outcome outcome = ociferry.run({"export", "-i", TlsRegistry::image_at(nginx.host()), "-o", output, "--jobs",
                                          "1", "--registry-ca-cert-path", identity.authority.string()});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    auto requests = upstream.requests();
    requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(before));
    REQUIRE(requests.size() > 5);
    return requests;
  };

  CHECK(std::ranges::all_of(requests_of_export("clean.tar"), is_http2));

  breaks = 1;
  const std::vector<HttpRequest> requests = requests_of_export("broken.tar");
  CHECK(is_http2(requests.front()));
  CHECK_FALSE(is_http2(requests.back()));
  const auto first_old = std::ranges::find_if_not(requests, is_http2);
  CHECK(std::none_of(first_old, requests.end(), is_http2));
  CHECK(read_text(ociferry.home() / "broken.tar") == read_text(ociferry.home() / "clean.tar"));
}

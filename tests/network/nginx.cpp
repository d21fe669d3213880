#include "nginx.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "base/text.hpp"
#include "support/connect_proxy.hpp"
#include "support/listener.hpp"
#include "support/registry_server.hpp"

namespace ociferry::testing {

Nginx::Nginx(const TlsIdentity& identity, const std::string& upstream, const std::string& versions) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    write_text(directory_.path() / "nginx.conf", configuration(identity, upstream, versions));
    process_.emplace(Program{{"nginx", "-e", "stderr", "-c", (directory_.path() / "nginx.conf").string()}});
    // It listens before it writes its number; it ends if it cannot listen.
    while (process_->running()) {
      if (std::filesystem::exists(directory_.path() / "pid") && connect_to(host())) return;
      std::this_thread::yield();
    }
  }
  FAIL("nginx does not start: " << process_->err());
}

std::string Nginx::host() const { return text::cat("127.0.0.1:", port_); }

std::string Nginx::configuration(const TlsIdentity& identity, const std::string& upstream,
                                 const std::string& versions) const {
  const std::string directory = directory_.path().string();
  std::string temporary;
  for (const char* user : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += text::cat(user, "_temp_path \"", directory, "/", user, "\";\n");
  }
  const std::string told =
      text::cat("proxy_set_header ", kProtocol, " $server_protocol;\nproxy_set_header ", kConnection,
                " $connection;\nproxy_set_header ", kResumed, " $ssl_session_reused;\n",
                "proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-Proto https;\n");
  return text::cat("daemon off;\nmaster_process off;\npid \"", directory, "/pid\";\nevents {}\nhttp {\n", temporary,
                   "access_log off;\nserver {\nlisten ", host(), " ssl http2;\nssl_protocols ", versions,
                   ";\nssl_certificate \"", identity.certificate.string(), "\";\nssl_certificate_key \"",
                   identity.key.string(), "\";\nlocation / {\nproxy_pass ", upstream, ";\nproxy_buffering off;\n", told,
                   "}\n}\n}\n");
}

}  // namespace ociferry::testing

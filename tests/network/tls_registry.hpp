#pragma once

#include <string>

#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/ociferry.hpp"
#include "support/tls.hpp"

namespace ociferry::testing {

/// A registry that speaks TLS, with the image "team/app:v1" in it. Needs openssl.
class TlsRegistry {
 public:
  explicit TlsRegistry(TlsFlaw flaw = TlsFlaw::None);

  /// "127.0.0.1:PORT"
  [[nodiscard]] std::string host() const { return server_.host(); }
  /// "127.0.0.1:PORT/team/app:v1", or at another address
  [[nodiscard]] std::string image() const { return image_at(host()); }
  [[nodiscard]] static std::string image_at(const std::string& host) { return host + "/team/app:v1"; }
  [[nodiscard]] const TlsIdentity& identity() const { return identity_; }
  [[nodiscard]] std::vector<HttpRequest> requests() const { return server_.requests(); }
  /// The registry itself, to be put behind another server as well.
  [[nodiscard]] HttpHandler handler() { return registry_.handler(); }
  /// The arguments that ask for the image's tag and trust the registry.
  [[nodiscard]] Words resolve(const std::string& host) const;

 private:
  TempDirectory directory_;
  TlsIdentity identity_;
  FakeRegistry registry_;
  HttpServer server_;
};

/// Puts an image with these many layers into "team/app:v1".
void add_image(FakeRegistry& registry, std::size_t layers = 1);

/// True if `text` has `part` in it.
[[nodiscard]] inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ociferry::testing

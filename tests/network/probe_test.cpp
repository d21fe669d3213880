#include <doctest/doctest.h>

#include "nginx.hpp"
#include "support/registry_server.hpp"
#include "tls_registry.hpp"

// What probe tells of TLS, HTTP/2, and a proxy's limit.

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("probe reports the issuer of a certificate, trusted or not, and that HTTP/2 is offered") {
  if (lacks({"openssl", "nginx"})) return;
  const TempDirectory directory = temp_directory();
  const TlsIdentity identity = make_tls_identity(directory.path());
  FakeRegistry registry;
  const HttpServer upstream{registry.handler()};
  const Nginx nginx(identity, upstream.origin());
  const Ociferry ociferry{OCIFERRY_BINARY};

  const Words probe{"probe", nginx.host() + "/team/app"};
  Words trusting = probe;
  trusting.insert(trusting.end(), {"--registry-ca-cert-path", identity.authority.string()});
  const Outcome trusted = ociferry.run(trusting);
  INFO(trusted.out << trusted.err);
  CHECK(has(trusted.out, "TLS\tyes\tcertificate of "));
  CHECK(has(trusted.out, "issued by "));
  CHECK(has(trusted.out, "HTTP/2\tyes\t"));

  const Outcome untrusted = ociferry.run(probe);
  CHECK(untrusted.exit_code == 23);
  CHECK(has(untrusted.out, "TLS\tno\tcertificate of "));
}

TEST_CASE("probe --write finds the limit of an nginx, and all that the registry behind it takes") {
  if (lacks({"docker-registry", "openssl", "nginx"})) return;
  const TempDirectory directory = temp_directory();
  const TlsIdentity identity = make_tls_identity(directory.path());
  const RegistryServer registry;
  const Nginx nginx(identity, registry.url());
  const Outcome outcome = Ociferry{OCIFERRY_BINARY}.run(
      {"probe", nginx.host() + "/team/app", "--write", "--registry-ca-cert-path", identity.authority.string()});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.out, "large requests\tno\t1 MiB were taken, 2 MiB refused: answered 413"));
  for (const char* able : {"OCI images", "Docker manifest lists", "zstd layers", "mounts", "moving tags"}) {
    CHECK(has(outcome.out, std::string(able) + "\tyes\t"));
  }
  CHECK(has(outcome.err, "\n  - the new repository " + nginx.host() + "/team/app/ociferry-probe: "));
  CHECK_FALSE(has(outcome.err, "DELETE"));
}

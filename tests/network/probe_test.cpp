#include <doctest/doctest.h>

#include "nginx.hpp"
#include "tls_registry.hpp"

// What probe tells of TLS and HTTP/2.

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("probe tells who issued a certificate, trusted or not, and that HTTP/2 is offered") {
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

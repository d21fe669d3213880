#include <doctest/doctest.h>

#include "support/registry_server.hpp"
#include "world.hpp"

// Certificates of single registries, where Docker's and podman's users keep them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

namespace fs = std::filesystem;

/// A registry that nobody trusts yet, and that wants to see a certificate if `mutual`.
struct Guarded {
  TempDirectory directory = temp_directory();
  TlsIdentity identity = make_tls_identity(directory.path());
  ClientIdentity client = make_client_identity(identity);
  RegistryServer registry;

  explicit Guarded(bool mutual)
      : registry({.tls = identity, .client = mutual ? std::optional(client) : std::nullopt}) {}
  [[nodiscard]] std::string image() const { return registry.host() + "/team/app:v1"; }
  /// HOME/.config/FOLDER/certs.d/HOST:PORT
  [[nodiscard]] fs::path place(const World& world, const std::string& folder) const {
    const fs::path place = world.ociferry.home() / ".config" / folder / "certs.d" / registry.host();
    fs::create_directories(place);
    return place;
  }
};

}  // namespace

TEST_CASE("authorities in Docker's and podman's certs.d are trusted for their registry only") {
  if (lacks({"docker-registry", "openssl"})) return;
  for (const std::string folder : {"containers", "docker"}) {
    World world;
    const Guarded mine(false);
    const Guarded other(false);
    write_text(world.ociferry.home() / "in/file", "content");
    world.fail(23, {"push", "-i", mine.image(), "-f", "in"});
    fs::copy(mine.identity.authority, mine.place(world, folder) / "ca.crt");
    world.succeed({"push", "-i", mine.image(), "-f", "in"});
    world.succeed({"pull", "-i", mine.image(), "-o", "out"});
    world.fail(23, {"push", "-i", other.image(), "-f", "in"});
  }
}

TEST_CASE("a registry that requires a client certificate gets the one in its certs.d directory") {
  if (lacks({"docker-registry", "openssl"})) return;
  World world;
  const Guarded guarded(true);
  write_text(world.ociferry.home() / "in/file", "content");
  const fs::path place = guarded.place(world, "containers");
  fs::copy(guarded.identity.authority, place / "ca.crt");
  // The server says why it ends the connection (20), but that may be lost with the connection (23).
  const Outcome refused = world.ociferry.run({"push", "-i", guarded.image(), "-f", "in"});
  CHECK((refused.exit_code == 20 || refused.exit_code == 23));
  CHECK_MESSAGE(refused.err.find("~/.config/containers/certs.d/") != std::string::npos, refused.err);

  fs::copy(guarded.client.certificate, place / "client.cert");
  const std::string lonely = world.fail(1, {"push", "-i", guarded.image(), "-f", "in"});
  CHECK(lonely.find("client.key") != std::string::npos);
  fs::copy(guarded.client.key, place / "client.key");
  world.succeed({"push", "-i", guarded.image(), "-f", "in"});
  world.succeed({"export", "-i", guarded.image(), "-o", "a.tar"});
}

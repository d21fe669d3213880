#include <doctest/doctest.h>

#include "support/sanitized.hpp"
#include "support/temp.hpp"
#include "tls_registry.hpp"

// Fewer open files than the program would like.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Runs the program with a limit of open files (ulimit -n).
Outcome run_limited(const Ociferry& ociferry, int limit, const Words& arguments) {
  Program program = ociferry.program(arguments);
  program.arguments.insert(program.arguments.begin(),
                           {"sh", "-c", "ulimit -n \"$0\" && exec \"$@\"", std::to_string(limit)});
  return testing::run(program);
}

}  // namespace

TEST_CASE("an export with few file descriptors succeeds, or names that limit, and does not blame the network") {
  if (lacks({"openssl"})) return;
  FakeRegistry registry;
  add_image(registry, 12);
  const TempDirectory directory = temp_directory();
  const TlsIdentity identity = make_tls_identity(directory.path());
  const HttpServer server(registry.handler(), {read_text(identity.certificate), read_text(identity.key)});
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::string image = TlsRegistry::image_at(server.host());
  const Words words{"export", "-i", image, "-o", "a.tar", "--registry-ca-cert-path", identity.authority.string()};
  for (const int limit : {6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 24, 64}) {
    if (kSanitized && limit < 24) continue;
    std::filesystem::remove(ociferry.home() / "a.tar");
    const Outcome outcome = run_limited(ociferry, limit, words);
    CAPTURE(limit);
    INFO(outcome.err);
    const bool lacks_files = outcome.exit_code == 31 && has(outcome.err, "Too many open files");
    // The program opens a few files for itself, and one more for each connection.
    CHECK((outcome.exit_code == 0 || lacks_files));
    // What has its final name is whole, even if the very last file could not be opened any more.
    if (std::filesystem::exists(ociferry.home() / "a.tar")) CHECK(ociferry.run({"verify", "a.tar"}).exit_code == 0);
    if (outcome.exit_code == 0) CHECK(std::filesystem::exists(ociferry.home() / "a.tar"));
    CHECK_FALSE(has(outcome.err, "attempts"));
    if (limit == 6) CHECK(lacks_files);
    if (limit == 64) CHECK(outcome.exit_code == 0);
  }
}

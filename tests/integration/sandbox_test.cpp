#include <doctest/doctest.h>

#include "base/sandbox.hpp"
#include "ociferry/version.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// The program with as few rights as it has, and with fewer than it needs.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// True if this process may make network namespaces.
bool can_unshare() { return has_program("unshare") && run({.arguments = {"unshare", "-n", "true"}}).exit_code == 0; }

}  // namespace

TEST_CASE("commands that read archives work without network, HOME and configuration") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  world.push_bundle("bundles/app", {app});
  world.succeed({"export", "-b", world.outside_ref("bundles/app"), "-o", "a.tar"});
  world.succeed(
      {"export", "-b", world.outside_ref("bundles/app"), "-i", world.outside_ref("apps/app"), "-o", "two.tar"});
  const bool alone = can_unshare();
  if (!alone) MESSAGE("no network namespace: what remains is the sandbox, which leaves no sockets");
  for (const Words& words :
       {Words{"inspect", "a.tar"}, Words{"inspect", "a.tar", "--json"}, Words{"verify", "a.tar"},
        Words{"copy", "--tar", "a.tar", "--to-tar", "b.tar"}, Words{"version", "--verbose"}, Words{"ls", "a.tar"},
        Words{"ls", "a.tar", "bundles/app:v1"}, Words{"cat", "a.tar", "bundles/app", ".imgpkg/images.yml"},
        Words{"extract", "a.tar", "bundles/app", "-o", "files"}, Words{"pull", "--from", "a.tar", "-o", "pulled"},
        Words{"merge", "a.tar", "b.tar", "-o", "c.tar"}, Words{"rm", "two.tar", "apps/app", "-o", "rest.tar"}}) {
    Program program{.arguments = {OCIFERRY_BINARY}, .environment = Variables{}, .directory = world.path("")};
    program.arguments.insert(program.arguments.end(), words.begin(), words.end());
    if (alone) program.arguments.insert(program.arguments.begin(), {"unshare", "-n"});
    if (alone) program.environment->emplace("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    const Outcome outcome = run(program);
    INFO(words[0] << ": " << outcome.err);
    CHECK(outcome.exit_code == 0);
  }
  for (const char* made : {"b.tar", "c.tar", "rest.tar"}) {
    CHECK(read_text(world.path(made)) == read_text(world.path("a.tar")));
  }
}

TEST_CASE("the sandbox allows outputs behind links, in new directories and at /dev/stdout") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  world.push_bundle("bundles/app", {app});
  const std::string bundle = world.outside_ref("bundles/app");
  write_text(world.path("elsewhere/lock.yml"), "old");
  std::filesystem::create_symlink(world.path("elsewhere/lock.yml"), world.path("link.yml"));
  std::filesystem::create_directory_symlink(world.path("elsewhere"), world.path("linked"));
  world.succeed({"export", "-b", bundle, "-o", "linked/a.tar"});
  world.succeed({"import", "linked/a.tar", "--to-repo", world.inside_repo("dest"), "--lock-output", "link.yml"});
  CHECK(read_text(world.path("elsewhere/lock.yml")).find("kind: BundleLock") != std::string::npos);
  const std::string command = std::string(OCIFERRY_BINARY) + " copy -b " + bundle + " --to-repo " +
                              world.inside_repo("dest") + " --debug --lock-output /dev/stdout | cat";
  const Outcome piped = run({.arguments = {"sh", "-c", command}, .directory = world.path("")});
  CHECK(piped.out.find("kind: BundleLock") != std::string::npos);
  if (sandbox_features().landlock > 0) CHECK(piped.err.find("Landlock 0") == std::string::npos);
  world.succeed({"pull", "-b", bundle, "-o", "not/there/yet"});
  CHECK(std::filesystem::exists(world.path("not/there/yet/.imgpkg/images.yml")));
  world.succeed({"push", "-i", world.outside_ref("apps/files"), "-f", "not"});
}

TEST_CASE("--debug and version --verbose report the sandbox, or that it is switched off") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const SandboxFeatures offered = sandbox_features();
  const std::string landlock = offered.landlock == 0 ? "no Landlock" : "Landlock " + std::to_string(offered.landlock);
  const std::string out = ociferry.run({"version", "--verbose"}).out;
  CHECK(out.starts_with("ociferry version " + std::string(version())));
  CHECK(out.find("sandbox:   " + landlock + (offered.seccomp ? ", seccomp\n" : ", no seccomp\n")) != std::string::npos);
  CHECK(out.find("  verify        no network, no writing but the scrub log (unless the archive is packed or a stream), "
                 "no programs\n") != std::string::npos);
  CHECK(out.find("  pull          network, writes where its outputs are") != std::string::npos);
  for (const char* library : {"libcurl/", "OpenSSL/", "libarchive ", "libzstd/", "yaml-cpp/", "fmt/"}) {
    CHECK(out.find(library) != std::string::npos);
  }
  CHECK(ociferry.run({"version", "--debug"}).err.find("no network\n") != std::string::npos);
  const Variables off{{"OCIFERRY_SANDBOX", "off"}};
  CHECK(ociferry.run({"version", "--verbose"}, off).out.find("sandbox:   off") != std::string::npos);
  CHECK(ociferry.run({"version", "--debug"}, off).err.find("not confined") != std::string::npos);
}

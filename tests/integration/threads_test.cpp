#include <doctest/doctest.h>
#include <unistd.h>

#include "support/sanitized.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Fewer threads than the program would like: ulimit -u, a container's limit of pids.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The program as a user whose number of threads and processes is limited. The limit does not count for root.
class LimitedUser {
 public:
  explicit LimitedUser(World& world) : world_(world) {
    namespace fs = std::filesystem;
    for (fs::path at = world.path(""); at.has_relative_path(); at = at.parent_path()) {
      std::error_code not_ours;
      fs::permissions(at, fs::perms::others_exec, fs::perm_options::add, not_ours);
    }
    fs::permissions(world.path(""), fs::perms::all);
    fs::create_directories(world.path("tmp"));
    fs::permissions(world.path("tmp"), fs::perms::all);
    fs::copy_file(OCIFERRY_BINARY, world.path("program"));
    fs::permissions(world.path("program"), fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
  }

  Outcome run(int limit, const Words& arguments) const {
    Program program = world_.ociferry.program(arguments);
    program.arguments.front() = world_.path("program").string();
    Words before = {"prlimit", "--nproc=" + std::to_string(limit)};
    if (::geteuid() == 0)
      before.insert(before.begin(), {"setpriv", "--reuid=64321", "--regid=64321", "--clear-groups"});
    program.arguments.insert(program.arguments.begin(), before.begin(), before.end());
    return testing::run(program);
  }

  /// Other users have processes already: for them only one limit is known to be too small.
  static std::vector<int> limits() { return ::geteuid() == 0 ? std::vector{1, 3, 5} : std::vector{1}; }

 private:
  World& world_;
};

}  // namespace

TEST_CASE("with few threads every command succeeds, and reports that") {
  if (kSanitized || lacks({"docker-registry", "prlimit", "setpriv"})) return;
  World world;
  const Image image = make_image({.layers = {{.size = 10'000'000, .seed = 1},
                                             {.size = 100, .seed = 2},
                                             {.size = 100, .seed = 3},
                                             {.size = 2'000'000, .seed = 4}}});
  push_image(world.outside, "apps/some", image, "v1");
  const std::string source = world.outside.host() + "/apps/some:v1";
  world.succeed({"export", "-i", source, "-o", "a.tar"});
  std::filesystem::permissions(world.path("a.tar"), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const LimitedUser user(world);
  for (const int limit : LimitedUser::limits()) {
    const std::string n = std::to_string(limit);
    for (const Words& words :
         {Words{"version"}, Words{"verify", "a.tar"}, Words{"export", "-i", source, "-o", n + ".tar"},
          Words{"import", "a.tar", "--to-repo", world.inside.host() + "/dest" + n},
          Words{"pull", "-i", source, "-o", "out" + n}}) {
      const Outcome outcome = user.run(limit, words);
      CAPTURE(limit);
      CAPTURE(words.front());
      INFO(outcome.err);
      CHECK(outcome.exit_code == 0);
      if (limit == 1) CHECK(outcome.err.find("fewer threads than requested") != std::string::npos);
    }
    CHECK((read_text(world.path(n + ".tar")) == read_text(world.path("a.tar"))));
  }
  if (::geteuid() != 0) return;
  // With one of these limits, the thread that is missing is the one that would hash the large layer.
  for (int limit = 2; limit < 7; ++limit) {
    const std::string archive = "one-" + std::to_string(limit) + ".tar";
    const Outcome outcome = user.run(limit, {"export", "-i", source, "-o", archive, "--concurrency", "1"});
    CAPTURE(limit);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK((read_text(world.path(archive)) == read_text(world.path("a.tar"))));
  }
}

TEST_CASE("copy succeeds with few threads, or fails with the limit's name") {
  if (kSanitized || lacks({"docker-registry", "prlimit", "setpriv"})) return;
  World world;
  const Image image = make_image(
      {.layers = {{.size = 3'000'000, .seed = 1}, {.size = 3'000'000, .seed = 2}, {.size = 3'000'000, .seed = 3}}});
  push_image(world.outside, "apps/some", image, "v1");
  const LimitedUser user(world);
  for (const int limit : LimitedUser::limits()) {
    const Outcome outcome = user.run(limit, {"copy", "-i", world.outside.host() + "/apps/some:v1", "--to-repo",
                                             world.inside.host() + "/dest" + std::to_string(limit)});
    CAPTURE(limit);
    INFO(outcome.err);
    const bool names_limit = outcome.exit_code == 31 && outcome.err.find("ulimit -u") != std::string::npos;
    CHECK((outcome.exit_code == 0 || names_limit));
    if (limit == 1) CHECK(names_limit);
    if (limit == 5) CHECK(outcome.exit_code == 0);
  }
}

TEST_CASE("a command that runs out of memory fails with the limit's name, and not as a bug") {
  if (kSanitized || lacks({"docker-registry", "prlimit"})) return;
  const World world;
  push_image(world.outside, "apps/some", make_image({.layers = {{.seed = 1}}}), "v1");
  constexpr int kSteps = 20;  // stacks of threads take eight at a time: what is left between two of them varies
  int refused = 0;
  int succeeded = 0;
  for (int mib = 50; succeeded < kSteps && mib < 1'000; ++mib) {
    Program program = world.ociferry.program(
        {"export", "-i", world.outside.host() + "/apps/some:v1", "-o", std::to_string(mib) + ".tar"});
    const Words before = {"prlimit", "--as=" + std::to_string(mib) + "000000"};
    program.arguments.insert(program.arguments.begin(), before.begin(), before.end());
    const Outcome outcome = testing::run(program);
    if (outcome.exit_code == 0) {
      ++succeeded;
      continue;
    }
    // With less, the loader and the libraries fail before the program begins.
    if (refused == 0 && outcome.exit_code != 31) continue;
    CAPTURE(mib);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 31);
    CHECK(outcome.err.find("ulimit -v") != std::string::npos);
    ++refused;
  }
  CHECK(refused > 0);
}

TEST_CASE("a program that has hardly memory to begin names the limit") {
  if (kSanitized || lacks({"prlimit"})) return;
  const Ociferry ociferry{OCIFERRY_BINARY};
  constexpr std::int64_t kStep = 125'000;
  int begun = 0;  // the loader and the libraries have found memory
  for (std::int64_t bytes = 30'000'000; begun < 80 && bytes < 500'000'000; bytes += kStep) {
    Program program = ociferry.program({"version"});
    const Words before = {"prlimit", "--as=" + std::to_string(bytes)};
    program.arguments.insert(program.arguments.begin(), before.begin(), before.end());
    const Outcome outcome = testing::run(program);
    const bool names_limit = outcome.exit_code == 31 && outcome.err.find("ulimit -v") != std::string::npos;
    begun += outcome.exit_code == 0 || names_limit ? 1 : 0;
    if (begun == 0) continue;
    CAPTURE(bytes);
    INFO(outcome.err);
    CHECK((outcome.exit_code == 0 || names_limit));
  }
  CHECK(begun > 0);
}

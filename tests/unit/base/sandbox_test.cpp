#include "base/sandbox.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <map>
#include <sstream>

#include "support/process.hpp"
#include "support/temp.hpp"

// What a process cannot do any more is tried in one that is started for it. Where the kernel offers less, less is
// expected: docs/reliability.md says what.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Two directories, with some files each, and what the probe could do there.
struct Probed {
  TempDirectory directory = temp_directory();
  std::filesystem::path inside = directory.path() / "inside";
  std::filesystem::path outside = directory.path() / "outside";
  std::map<std::string, int> failure;  ///< errno of each try

  Probed(const std::string& network, const std::vector<std::filesystem::path>& writable) {
    for (const auto& place : {inside, outside}) {
      write_text(place / "old", "untouched");
      write_text(place / "spare", "");
      write_text(place / "directory/x", "");
    }
    Words words = {SANDBOX_PROBE, network, inside.string(), outside.string()};
    for (const auto& path : writable) words.push_back((directory.path() / path).string());
    const std::string out = run_or_throw({.arguments = words});
    std::istringstream lines(out);
    std::string name;
    for (int error = 0; lines >> name >> error;) failure[name] = error;
    REQUIRE(failure.size() == 16);
  }
  [[nodiscard]] std::map<std::string, std::string> files_outside() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(outside)) {
      const bool is_file = entry.is_regular_file();
      found.emplace(entry.path().filename().string(), is_file ? read_text(entry.path()) : "");
    }
    return found;
  }
};

const std::map<std::string, std::string> kUntouched{{"old", "untouched"}, {"spare", ""}, {"directory", ""}};
const bool kHasLandlock = sandbox_features().landlock > 0;
const bool kHasSeccomp = sandbox_features().seccomp;

/// A failure that is expected if the kernel offers what it takes.
int denied(bool offered) { return offered ? EACCES : 0; }

}  // namespace

TEST_CASE("the strictest sandbox blocks sockets, programs and writing, and allows reading") {
  Probed probed("none", {});
  for (const char* what : {"write-inside", "rename-inside", "write-outside", "overwrite-outside", "mkdir-outside",
                           "rename-outside", "unlink-outside", "write-outside-in-a-thread"}) {
    CAPTURE(what);
    CHECK(probed.failure[what] == denied(kHasLandlock || kHasSeccomp));
  }
  CHECK(probed.failure["read-outside"] == 0);
  CHECK(probed.failure["chmod-outside"] == denied(kHasSeccomp));
  CHECK(probed.failure["inet"] == denied(kHasSeccomp));
  CHECK(probed.failure["unix"] == denied(kHasSeccomp));
  CHECK((probed.failure["program"] != 0) == (kHasSeccomp || kHasLandlock));
  CHECK((probed.failure["program-with-all-rights"] != 0) == (kHasSeccomp || kHasLandlock));
  if (kHasLandlock || kHasSeccomp) CHECK(probed.files_outside() == kUntouched);
}

TEST_CASE("a command with an output may write, link and rename there, and nowhere else") {
  for (const std::string network : {"none", "network"}) {
    CAPTURE(network);
    Probed probed(network, {"inside"});
    for (const char* what : {"write-inside", "rename-inside", "link-inside", "read-outside"}) {
      CAPTURE(what);
      CHECK(probed.failure[what] == 0);
    }
    for (const char* what : {"write-outside", "overwrite-outside", "mkdir-outside", "rename-outside", "unlink-outside",
                             "write-outside-in-a-thread"}) {
      CAPTURE(what);
      CHECK(probed.failure[what] == denied(kHasLandlock));
    }
    if (kHasLandlock) CHECK(probed.files_outside() == kUntouched);
  }
}

TEST_CASE("with a network, sockets are allowed, and programs only on the thread with all privileges") {
  Probed probed("network", {});
  CHECK(probed.failure["inet"] == 0);
  CHECK(probed.failure["unix"] == 0);
  CHECK((probed.failure["program"] != 0) == (kHasSeccomp || kHasLandlock));
  CHECK(probed.failure["program-with-all-rights"] == 0);
  CHECK(probed.failure["program-with-all-rights-from-a-thread"] == 0);
}

TEST_CASE("an output directory that does not exist is no error") {
  Probed probed("none", {"inside", "nowhere/at/all"});
  CHECK(probed.failure["write-inside"] == 0);
}

TEST_CASE("an exception on the privileged thread is thrown to the caller") {
  CHECK_THROWS_AS(with_all_privileges([] { throw std::runtime_error("x"); }), std::runtime_error);
}

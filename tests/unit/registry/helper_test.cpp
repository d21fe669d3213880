#include <sys/stat.h>

#include <cstdlib>

#include "base/fd.hpp"
#include "registry/docker_config.hpp"
#include "rig.hpp"

using namespace ociferry;
using testing::error_of;

namespace {

/// Puts programs called docker-credential-NAME first in the PATH.
class Helpers {
 public:
  Helpers() : path_(std::getenv("PATH")) { ::setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1); }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers() { ::setenv("PATH", path_.c_str(), 1); }

  void add(const std::string& name, const std::string& script) const {
    write_file_atomically(directory_.path() / ("docker-credential-" + name), "#!/bin/sh\n" + script + "\n", 0755);
  }

 private:
  TempDirectory directory_{std::filesystem::temp_directory_path(), "ociferry-test"};
  std::string path_;
};

}  // namespace

TEST_CASE("a helper is run with 'get' and is told the server") {
  const Helpers helpers;
  helpers.add("echo",
              R"(read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$1" "$server")");
  CHECK(run_credential_helper("echo", "reg.example:5000") == Credential{"get", "reg.example:5000"});
}

TEST_CASE("the user <token> means that the secret is an identity token") {
  const Helpers helpers;
  helpers.add("token", R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  CHECK(run_credential_helper("token", "reg") == Credential{.identity_token = "refresh"});
}

TEST_CASE("not found is no credential; any other failure is an error that shows nothing of the output") {
  const Helpers helpers;
  helpers.add("none", "echo 'credentials not found in native keychain'; exit 1");
  helpers.add("locked", "echo topsecret; echo topsecret >&2; exit 1");
  helpers.add("killed", "kill -9 $$");
  helpers.add("junk", "echo 'topsecret {'");
  helpers.add("empty", "echo '{}'");
  CHECK_FALSE(run_credential_helper("none", "reg").has_value());
  CHECK_FALSE(run_credential_helper("empty", "reg").has_value());
  for (const char* name : {"locked", "killed", "junk", "absent"}) {
    CAPTURE(name);
    const Error error = error_of([&] { static_cast<void>(run_credential_helper(name, "reg")); });
    CHECK(error.code() == ErrorCode::Unauthorized);
    CHECK(error.message().find(name) != std::string::npos);
    CHECK(error.message().find("topsecret") == std::string::npos);
  }
}

TEST_CASE("a helper that does not read what it is told does no harm") {
  const Helpers helpers;
  helpers.add("deaf", R"(exec <&-; echo '{"Username":"u","Secret":"s"}')");
  CHECK(run_credential_helper("deaf", "reg") == Credential{"u", "s"});
}

TEST_CASE("a helper that writes without end is stopped") {
  const Helpers helpers;
  helpers.add("flood", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  CHECK(error_of([] { static_cast<void>(run_credential_helper("flood", "reg")); }).code() == ErrorCode::Hostile);
}

TEST_CASE("a helper's name cannot lead elsewhere") {
  for (const char* name : {"", "../x", "a b", "x;true", "/bin/sh"}) {
    CAPTURE(name);
    CHECK(error_of([&] { static_cast<void>(run_credential_helper(name, "reg")); }).code() == ErrorCode::Usage);
  }
}

#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "base/fd.hpp"
#include "credentials/credential_helper.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using namespace std::chrono_literals;
using testing::error_of;

namespace {

/// Puts programs called docker-credential-NAME first in the PATH.
class HelpersInPath {
 public:
  HelpersInPath() : path_(std::getenv("PATH")) {
    ::setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1);
  }
  HelpersInPath(const HelpersInPath&) = delete;
  HelpersInPath& operator=(const HelpersInPath&) = delete;
  ~HelpersInPath() { ::setenv("PATH", path_.c_str(), 1); }

  /// Puts a folder before all others.
  void put_first(const std::filesystem::path& folder) const {
    ::setenv("PATH", (folder.string() + ":" + std::getenv("PATH")).c_str(), 1);
  }
  void add(const std::string& name, const std::string& script) const {
    write_file_atomically(directory_.path() / ("docker-credential-" + name), "#!/bin/sh\n" + script + "\n", 0755);
  }

 private:
  TempDirectory directory_{std::filesystem::temp_directory_path(), "ociferry-test"};
  std::string path_;
};

std::optional<Credential> run_helper(const std::string& name, const std::string& server = "reg") {
  return CredentialHelper()(name, server);
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Runs `action` in a process without a terminal, wherever the tests are run; gives what it returns, up to 255.
int without_terminal(const std::function<int()>& action) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setsid();
    ::_exit(action());
  }
  return WEXITSTATUS(status_of(child));
}

/// Waits for a line in a file that a helper writes.
std::string line_of(const std::filesystem::path& file) {
  for (;;) {
    if (std::filesystem::exists(file)) {
      const std::string text = read_file(file, 100);
      if (text.ends_with('\n')) return text.substr(0, text.size() - 1);
    }
    std::this_thread::yield();
  }
}

/// True once a process is gone, or is nothing but a zombie that nobody has waited for yet.
bool has_ended(const std::string& pid) {
  const std::filesystem::path status = "/proc/" + pid + "/stat";
  try {
    const std::string text = read_file(status, 4096);
    return text.substr(text.rfind(')')).starts_with(") Z");
  } catch (const Error&) {
    return true;
  }
}

}  // namespace

TEST_CASE("a helper is run with 'get' and gets the server on its input") {
  const HelpersInPath helpers;
  helpers.add("echo",
              R"(read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$1" "$server")");
  CHECK(run_helper("echo", "reg.example:5000") == Credential{"get", "reg.example:5000"});
}

TEST_CASE("the user name <token> marks the secret as an identity token") {
  const HelpersInPath helpers;
  helpers.add("token", R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  CHECK(run_helper("token") == Credential{.identity_token = "refresh"});
}

TEST_CASE("a helper's 'not found' is no error, and any other failure an error without its output") {
  const HelpersInPath helpers;
  helpers.add("none", "echo 'credentials not found in native keychain'; exit 1");
  helpers.add("locked", "echo topsecret; echo topsecret >&2; exit 1");
  helpers.add("killed", "kill -9 $$");
  helpers.add("junk", "echo 'topsecret {'");
  helpers.add("empty", "echo '{}'");
  CHECK_FALSE(run_helper("none").has_value());
  CHECK_FALSE(run_helper("empty").has_value());
  for (const char* name : {"locked", "killed", "junk", "absent"}) {
    CAPTURE(name);
    const Error error = error_of([&] { static_cast<void>(run_helper(name)); });
    CHECK(error.code() == ErrorCode::Unauthorized);
    CHECK(error.message().find(name) != std::string::npos);
    CHECK(error.message().find("topsecret") == std::string::npos);
    CHECK(error.is_transient() == (std::string_view(name) == "locked" || std::string_view(name) == "killed"));
  }
}

TEST_CASE("a helper that does not read its input works") {
  const HelpersInPath helpers;
  helpers.add("deaf", R"(exec <&-; echo '{"Username":"u","Secret":"s"}')");
  CHECK(run_helper("deaf") == Credential{"u", "s"});
}

TEST_CASE("a helper that writes endlessly is killed") {
  const HelpersInPath helpers;
  helpers.add("flood", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  CHECK(error_of([] { static_cast<void>(run_helper("flood")); }).code() == ErrorCode::Hostile);
}

TEST_CASE("a helper that hangs is killed in time, with its child processes") {
  const HelpersInPath helpers;
  const TempDirectory directory(std::filesystem::temp_directory_path(), "ociferry-test");
  const auto pid = directory.path() / "pid";
  helpers.add("hang", "sleep 1000 & echo $! > '" + pid.string() + "'; wait");
  const int failed_well = without_terminal([] {
    const Error error = error_of([&] { static_cast<void>(CredentialHelper({}, 300ms)("hang", "reg")); });
    const bool says_so = error.message().find("docker-credential-hang did not answer") != std::string::npos;
    return error.code() == ErrorCode::Unauthorized && says_so && !error.hint_text().empty() ? 1 : 0;
  });
  CHECK(failed_well == 1);
  const std::string child = line_of(pid);
  while (!has_ended(child)) std::this_thread::yield();
}

TEST_CASE("a helper that has answered but does not exit is killed in time") {
  const HelpersInPath helpers;
  helpers.add("linger", R"(echo '{"Username":"u","Secret":"s"}'; exec <&- >&-; sleep 1000)");
  CHECK(error_of([] { static_cast<void>(CredentialHelper({}, 300ms)("linger", "reg")); }).code() ==
        ErrorCode::Unauthorized);
}

TEST_CASE("a helper may prompt the user at a terminal") {
  const HelpersInPath helpers;
  helpers.add("asks", R"(read -r answer </dev/tty; printf '{"Username":"u","Secret":"%s"}' "$answer")");
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      ::_exit(CredentialHelper({}, 20s)("asks", "reg") == Credential{"u", "typed"} ? 0 : 1);
    } catch (const Error&) {
      ::_exit(2);
    }
  }
  const UniqueFd keyboard(terminal);
  write_full(terminal, as_bytes("typed\n"), "terminal");
  CHECK(status_of(child) == 0);
}

TEST_CASE("with SIGCHLD ignored, a helper is refused at once") {
  const HelpersInPath helpers;
  helpers.add("fine", R"(echo '{"Username":"u","Secret":"s"}')");
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  const Error error = error_of([] { static_cast<void>(run_helper("fine")); });
  ::signal(SIGCHLD, before);
  CHECK(error.code() == ErrorCode::Io);
}

TEST_CASE("a stop ends a helper at once") {
  const HelpersInPath helpers;
  const TempDirectory directory(std::filesystem::temp_directory_path(), "ociferry-test");
  const auto pid = directory.path() / "pid";
  helpers.add("slow", "echo $$ > '" + pid.string() + "'; sleep 1000");
  std::stop_source stop;
  auto failed = std::async(std::launch::async, [&] {
    return error_of([&] { static_cast<void>(CredentialHelper(stop.get_token())("slow", "reg")); });
  });
  const std::string child = line_of(pid);
  stop.request_stop();
  CHECK(failed.get().code() == ErrorCode::Interrupted);
  CHECK(has_ended(child));
}

TEST_CASE("a helper that is not installed has an error of its own") {
  const HelpersInPath helpers;
  CHECK(error_of([] { static_cast<void>(run_helper("absent")); }).reason() == ErrorReason::HelperMissing);
}

TEST_CASE("a helper that may not be run counts as missing") {
  const HelpersInPath helpers;
  const TempDirectory folder(std::filesystem::temp_directory_path(), "ociferry-test");
  write_file_atomically(folder.path() / "docker-credential-absent", "#!/bin/sh\n", 0600);
  helpers.put_first(folder.path());
  CHECK(error_of([] { static_cast<void>(run_helper("absent")); }).reason() == ErrorReason::HelperMissing);
}

TEST_CASE("a helper's name with a path is refused") {
  for (const char* name : {"", "../x", "a b", "x;true", "/bin/sh"}) {
    CAPTURE(name);
    CHECK(error_of([&] { static_cast<void>(run_helper(name)); }).code() == ErrorCode::Usage);
  }
}

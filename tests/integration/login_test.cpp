#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "gate.hpp"
#include "oci/json.hpp"
#include "support/image_builder.hpp"
#include "support/temp.hpp"
#include "support/terminal.hpp"
#include "world.hpp"

// login and logout: what they prove, what they write, and that podman, skopeo and Docker's files are shared with them.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

const std::string kPassword = "out-s3cret";
const std::string kLoginUser = "robot:" + kPassword;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A registry that wants a password, and somebody who logs in to it.
struct LoginDesk {
  RegistryServer registry{{.user = kLoginUser}};
  Ociferry ociferry{OCIFERRY_BINARY};

  [[nodiscard]] fs::path config() const { return ociferry.home() / ".docker" / "config.json"; }
  [[nodiscard]] Outcome run_with(Words words, const std::string& input, const Variables& variables = {}) const {
    Program program = ociferry.program(words, variables);
    program.input = input;
    Outcome outcome = run(program);
    CHECK_FALSE(has(outcome.out + outcome.err, "s3cret"));
    return outcome;
  }
  [[nodiscard]] Outcome login(const Words& more = {}, const Variables& variables = {},
                              const std::string& password = kPassword) const {
    Words words{"login", registry.host(), "-u", "robot", "--password-stdin"};
    words.insert(words.end(), more.begin(), more.end());
    return run_with(words, password, variables);
  }
  [[nodiscard]] bool is_known(const Variables& variables = {}) const {
    return has(run_with({"auth", "explain", registry.host() + "/team/app"}, "", variables).out, "wins: user robot");
  }
};

bool lacks_registry() { return lacks({"docker-registry", "htpasswd"}); }

}  // namespace

TEST_CASE("login stores credentials that pull uses, readable by the user only, and logout removes them") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  const Reference app = push_image(desk.registry, "team/app", make_image(), "v1");
  const Words pull{"tag", "resolve", "-i", to_string(app)};
  CHECK(has(desk.run_with(pull, "").err, "; credentials: none"));
  CHECK(has(desk.run_with(pull, "").err, "hint: log in with `ociferry login " + desk.registry.host() + "`"));
  const Outcome login = desk.login();
  CHECK(login.exit_code == 0);
  CHECK(login.out == "Logged in to " + desk.registry.host() + " as robot: " + desk.config().string() + "\n");
  CHECK(login.err.empty());
  struct stat status {};
  REQUIRE(::stat(desk.config().parent_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  REQUIRE(::stat(desk.config().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(desk.run_with(pull, "").exit_code == 0);
  const Outcome wrong = desk.run_with(pull, "", {{"IMGPKG_USERNAME", "ann"}, {"OCIFERRY_PASSWORD", "s3cret"}});
  CHECK(wrong.exit_code == 20);
  CHECK(has(wrong.err, "; credentials: user ann (password not shown), from IMGPKG_USERNAME"));
  CHECK(has(wrong.err, "hint: `ociferry auth explain " + desk.registry.host() + "/team/app`"));
  const Outcome alone = desk.run_with(pull, "", {{"IMGPKG_REGISTRY_PASSWORD", "s3cret"}});
  CHECK(alone.exit_code == 0);
  CHECK(has(alone.err, "IMGPKG_REGISTRY_PASSWORD has no effect: IMGPKG_REGISTRY_HOSTNAME is not set"));
  CHECK(desk.run_with({"logout", desk.registry.host()}, "").out ==
        "Logged out of " + desk.registry.host() + ": " + desk.config().string() + "\n");
  CHECK(desk.run_with(pull, "").exit_code == 20);
  CHECK(has(desk.run_with({"logout", desk.registry.host()}, "").out, "Not logged in to "));
}

TEST_CASE("concurrent logins all take effect") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  constexpr int kLogins = 6;
  std::vector<Outcome> outcomes(kLogins);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kLogins; ++i) {
      threads.emplace_back([&, i] {
        Program program = desk.ociferry.program(
            {"login", desk.registry.host() + "/team" + std::to_string(i), "-u", "robot", "--password-stdin"});
        program.input = kPassword;
        outcomes[static_cast<std::size_t>(i)] = run(program);
      });
    }
  }
  for (const Outcome& outcome : outcomes) CHECK(outcome.exit_code == 0);
  const Json config = Json::parse(read_text(desk.config()), "config.json");
  REQUIRE(config.find("auths") != nullptr);
  CHECK(config.find("auths")->as_object()->size() == kLogins);
}

TEST_CASE("login and logout print a JSON object with --json") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  const Json login = Json::parse(desk.login({"--json"}).out, "login");
  CHECK(login.string_at("command") == "login");
  CHECK(login.string_at("registry") == desk.registry.host());
  CHECK(login.string_at("username") == "robot");
  CHECK(login.string_at("file") == desk.config().string());
  CHECK(*login.find("helper") == Json());
  CHECK(*login.find("proved") == Json(true));
  for (const bool known : {true, false}) {
    const Json logout = Json::parse(desk.run_with({"logout", desk.registry.host(), "--json"}, "").out, "logout");
    CHECK(logout.string_at("registry") == desk.registry.host());
    CHECK(logout.string_at("file") == desk.config().string());
    CHECK(*logout.find("wasLoggedIn") == Json(known));
  }
}

TEST_CASE("login stores nothing if the registry refuses the password") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  write_text(desk.config(), "{\"a\": 1}");
  CHECK(desk.login({}, {}, "wr0ng").exit_code == 20);
  CHECK(desk.login({"-p", "x"}).exit_code == 1);
  CHECK(desk.login({}, {}, "").exit_code == 1);
  CHECK(desk.run_with({"login", desk.registry.host()}, "").exit_code == 1);
  CHECK(read_text(desk.config()) == "{\"a\": 1}");
  write_text(desk.config(), R"({"auths": {"x": s3cret)");
  CHECK(has(desk.login().err, "config.json: not valid JSON"));
  CHECK(read_text(desk.config()) == R"({"auths": {"x": s3cret)");
}

TEST_CASE("login edits the file behind a symbolic link, keeps the link and the order of other keys") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  const fs::path real = desk.ociferry.home() / "dotfiles" / "docker.json";
  write_text(real, R"({"psFormat": "x", "auths": {"other": {"auth": "YTpi"}}, "aliases": {"b": "1", "a": "2"}})");
  fs::create_directories(desk.config().parent_path());
  fs::create_symlink(real, desk.config());
  CHECK(desk.login().exit_code == 0);
  CHECK(fs::is_symlink(desk.config()));
  const Json::Object content = *Json::parse(read_text(real), "").as_object();
  REQUIRE(content.size() == 3);
  CHECK(content[0].first == "psFormat");
  CHECK(content[1].second.find("other") != nullptr);
  CHECK(content[1].second.find(desk.registry.host()) != nullptr);
  CHECK(content[2].second.dump() == R"({"b":"1","a":"2"})");
}

TEST_CASE("a password goes to the credential helper that Docker's file names") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  const fs::path helper = desk.ociferry.home() / "bin" / "docker-credential-box";
  write_text(helper,
             "#!/bin/sh\ncd \"$HOME\"\ncase $1 in\n  store) cat > box ;;\n  erase) rm box ;;\n"
             "  get) [ -f box ] && cat box || { echo credentials not found in native keychain; exit 1; } ;;\nesac\n");
  fs::permissions(helper, fs::perms::owner_all);
  const Variables variables{{"PATH", helper.parent_path().string() + ":" + std::getenv("PATH")}};
  desk.ociferry.set_docker_config(R"({"credsStore": "box"})");
  const Outcome login = desk.login({}, variables);
  CHECK(login.exit_code == 0);
  CHECK(has(login.out, "docker-credential-box keeps the password, by "));
  const Json kept = Json::parse(read_text(desk.ociferry.home() / "box"), "");
  CHECK(kept.string_at("ServerURL") == desk.registry.host());
  CHECK(kept.string_at("Username") == "robot");
  CHECK(kept.string_at("Secret") == kPassword);
  CHECK_FALSE(has(read_text(desk.config()), "\"auth\""));
  CHECK(desk.is_known(variables));
  CHECK(desk.run_with({"logout", desk.registry.host()}, "", variables).exit_code == 0);
  CHECK_FALSE(fs::exists(desk.ociferry.home() / "box"));
  CHECK_FALSE(desk.is_known(variables));
}

TEST_CASE("podman and skopeo read what login stores, and ociferry reads what they store") {
  if (lacks_registry() || lacks({"podman", "skopeo"})) return;
  const LoginDesk desk;
  const std::string file = (desk.ociferry.home() / "auth.json").string();
  const std::string& host = desk.registry.host();
  const auto tool = [&](Words words, const std::string& input = {}) {
    Program program = desk.ociferry.program({}, {{"REGISTRY_AUTH_FILE", file}});
    program.arguments = std::move(words);
    program.input = input;
    return run(program);
  };
  for (const char* name : {"podman", "skopeo"}) {
    CAPTURE(name);
    CHECK(desk.login({"--authfile", file}).exit_code == 0);
    CHECK(tool({name, "login", "--get-login", host}).out == "robot\n");
    CHECK(tool({name, "logout", host}).exit_code == 0);
    CHECK_FALSE(desk.is_known({{"REGISTRY_AUTH_FILE", file}}));
    CHECK(tool({name, "login", "--tls-verify=false", "-u", "robot", "--password-stdin", host}, kPassword).exit_code ==
          0);
    CHECK(desk.is_known({{"REGISTRY_AUTH_FILE", file}}));
    CHECK(desk.run_with({"logout", host}, "", {{"REGISTRY_AUTH_FILE", file}}).exit_code == 0);
    CHECK(tool({name, "login", "--get-login", host}).exit_code != 0);
  }
}

TEST_CASE("login and logout report which other credentials commands will use instead") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  const std::string file = (desk.ociferry.home() / "elsewhere.json").string();
  CHECK(has(desk.login({"--authfile", file}).err, "do not look into this file unless REGISTRY_AUTH_FILE=" + file));
  CHECK(has(desk.login({}, {{"IMGPKG_USERNAME", "bob"}}).err,
            "other commands use what comes first: --registry-username"));
  CHECK(has(desk.run_with({"logout", desk.registry.host()}, "", {{"IMGPKG_USERNAME", "bob"}}).err,
            "there are other credentials for it in --registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME: user bob"));
  const RegistryServer open;
  const Outcome outcome = desk.run_with({"login", open.host(), "-u", "robot", "--password-stdin"}, kPassword);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.err, open.host() + " requires no credentials: the password was not checked"));
}

TEST_CASE("a password is typed without echo, and the terminal's echo is restored") {
  if (lacks_registry()) return;
  const LoginDesk desk;
  for (const bool is_interrupted : {false, true}) {
    const Terminal terminal;
    REQUIRE(terminal.shows_what_is_typed());
    Program program = desk.ociferry.program({"login", desk.registry.host(), "-u", "robot"});
    program.arguments.insert(program.arguments.begin(), {"sh", "-c", "exec \"$@\" < \"$0\"", terminal.name()});
    Process login(program);
    await("a hidden prompt", [&] { return has(login.err(), "Password: ") && !terminal.shows_what_is_typed(); });
    if (is_interrupted) {
      login.send_signal(SIGINT);
    } else {
      terminal.type(kPassword);
    }
    const Outcome outcome = login.wait();
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == (is_interrupted ? 130 : 0));
    CHECK_FALSE(has(outcome.out + outcome.err + terminal.shown(), kPassword));
    CHECK(terminal.shows_what_is_typed());
    CHECK(desk.is_known());
    if (!is_interrupted) CHECK(has(outcome.out, "Logged in to " + desk.registry.host() + " as robot"));
  }
}

TEST_CASE("called as imgpkg there is no login command") {
  const Ociferry ociferry{OCIFERRY_BINARY};
  const fs::path link = ociferry.home() / "imgpkg";
  fs::create_symlink(OCIFERRY_BINARY, link);
  for (const char* name : {"login", "logout"}) {
    const Outcome outcome = Ociferry(link.string()).run({name, "reg.example"});
    CHECK(outcome.exit_code == 1);
    CHECK(has(outcome.err, std::string("does not accept extra arguments '") + name + "'"));
  }
  CHECK_FALSE(has(Ociferry(link.string()).run({"completion", "bash"}).out, "logout"));
}

#include "support/ociferry.hpp"

#include <cstdlib>

namespace ociferry::testing {

namespace {

// What a sanitizer or a coverage run wants to be told must reach the program too.
constexpr const char* kPassedOn[] = {"PATH",          "ASAN_OPTIONS", "LSAN_OPTIONS",
                                     "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"};

}  // namespace

Outcome Ociferry::run(const Words& arguments, const Variables& more) const {
  return testing::run(program(arguments, more));
}

Program Ociferry::program(const Words& arguments, const Variables& more) const {
  Variables environment = more;
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) environment.emplace(name, value);
  }
  std::filesystem::create_directories(home() / "tmp");
  environment.emplace("HOME", home().string());
  environment.emplace("DOCKER_CONFIG", (home() / ".docker").string());
  environment.emplace("TMPDIR", (home() / "tmp").string());
  environment.emplace("LC_ALL", "C.UTF-8");

  Program program{.environment = std::move(environment), .directory = home()};
  program.arguments.push_back(binary_);
  program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
  return program;
}

void Ociferry::set_docker_config(const std::string& content) const {
  write_text(home() / ".docker" / "config.json", content);
}

}  // namespace ociferry::testing

#include <string>
#include <vector>

#include "cli/build_version.hpp"
#include "cli/command.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.empty()) return ociferry::run_program("ociferry", {}, ociferry::kBuildVersion);
  return ociferry::run_program(words.front(), {words.begin() + 1, words.end()}, ociferry::kBuildVersion);
}

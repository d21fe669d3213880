#include <string>
#include <vector>

#include "cli/command.hpp"

int main(int argc, char** argv) {
  return ociferry::run_program("ociferry", std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}

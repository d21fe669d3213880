#pragma once

#include <filesystem>

#include "support/ociferry.hpp"

namespace ociferry::testing {

/// The program, in an empty home, by either of its names.
class Caller {
 public:
  Caller() { std::filesystem::create_symlink(OCIFERRY_BINARY, ociferry.home() / "imgpkg"); }

  Outcome run(const Words& words) const { return ociferry.run(words); }
  Outcome run_imgpkg(const Words& words) const {
    Program program = ociferry.program(words);
    program.arguments.front() = (ociferry.home() / "imgpkg").string();
    return testing::run(program);
  }

  Ociferry ociferry{OCIFERRY_BINARY};
};

}  // namespace ociferry::testing

#include "call_script.hpp"
#include "cli/command.hpp"

// ociferry as it is, with somebody who watches its system calls.
int main(int argc, char** argv) {
  ::setenv("OCIFERRY_SANDBOX", "off", 1);  // the script writes files of its own, wherever the command may write
  // Never destroyed: files are closed until the very end.
  static auto* const script = new ociferry::testing::CallScript;
  ociferry::calls::observe(script);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return ociferry::run_program("ociferry", words);
}

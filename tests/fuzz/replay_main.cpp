// Runs a fuzz target over every file of the directories given as arguments, in the order of their names.

#include <fcntl.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <set>

#include "base/fd.hpp"
#include "fuzz.hpp"

namespace fs = std::filesystem;

namespace {

int replay(const fs::path& directory) {
  std::set<fs::path> inputs;
  for (const auto& entry : fs::directory_iterator(directory)) inputs.insert(entry.path());
  for (const fs::path& input : inputs) {
    std::printf("%s\n", input.filename().c_str());
    std::fflush(stdout);
    const std::string bytes = ociferry::read_file(input, std::numeric_limits<std::uint64_t>::max());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  return static_cast<int>(inputs.size());
}

}  // namespace

int main(int argc, char** argv) try {
  int count = 0;
  for (int i = 1; i < argc; ++i) count += replay(argv[i]);
  std::printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

#include "support/temp.hpp"

#include <fcntl.h>

#include <limits>
#include <random>

namespace ociferry::testing {

namespace fs = std::filesystem;

TempDirectory temp_directory() { return TempDirectory(fs::temp_directory_path(), "ociferry-test-"); }

std::string read_text(const fs::path& path) { return read_file(path, std::numeric_limits<std::uint64_t>::max()); }

void write_text(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_full(file.get(), as_bytes(content), path.string());
  file.close(path.string());
}

std::map<std::string, std::string> files_below(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), directory).string()] = read_text(entry.path());
  }
  return files;
}

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::string bytes;
  bytes.reserve(size + sizeof(std::uint64_t));
  while (bytes.size() < size) {
    const std::uint64_t word = engine();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace ociferry::testing

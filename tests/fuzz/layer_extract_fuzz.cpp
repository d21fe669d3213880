// Whatever a layer holds, applying it changes nothing outside the directory and leaves nothing in it that leads out.

#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <string>

#include "archive/layer_extractor.hpp"
#include "base/fd.hpp"
#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

using namespace ociferry;
using testing::require;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = 512;

/// Headers with a wrong checksum are refused at once; with the right one a changed input gets further.
std::string with_right_checksums(std::string tar) {
  for (std::size_t at = 0; at + kBlock <= tar.size(); at += kBlock) {
    if (tar.compare(at + 257, 5, "ustar") != 0) continue;
    tar.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum & 0777777U);
    tar.replace(at + 148, 7, digits, 7);
  }
  return tar;
}

void check_entry(const fs::path& root, const fs::path& path) {
  struct stat status {};
  require(::lstat(path.c_str(), &status) == 0, "an entry can be looked at");
  require(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode), "no special file is made");
  require(!S_ISREG(status.st_mode) || (status.st_mode & 07000) == 0, "no file gets special rights");
  require(!path.filename().string().starts_with(".wh."), "no whiteout is left as a file");
  if (!S_ISLNK(status.st_mode)) return;
  std::error_code loop;  // links in a circle lead nowhere
  const fs::path target = fs::weakly_canonical(path.parent_path() / fs::read_symlink(path), loop);
  const std::string inside = root.string() + "/";
  require(loop || target == root || target.string().starts_with(inside), "no link leads out");
}

void check_outside(const fs::path& base) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(base)) names.insert(entry.path().filename().string());
  require(names == std::set<std::string>{"root", "sentinel"}, "nothing is made or removed outside");
  require(read_file(base / "sentinel", 100) == "untouched", "nothing is changed outside");
  require(fs::hard_link_count(base / "sentinel") == 1, "nothing outside gets a further name");
}

/// Applies the layer twice, so that its whiteouts find something to hide.
void extract(const std::string& layer, ConfinedDirectory::Lookup lookup) {
  const TempDirectory temporary(fs::canonical(fs::temp_directory_path()), "ociferry-fuzz-");
  const fs::path root = temporary.path() / "root";
  write_file_atomically(temporary.path() / "sentinel", "untouched", 0600);
  fs::create_directory(root);
  try {
    LayerExtractor extractor(root, lookup);
    for (int round = 0; round < 2; ++round) {
      StringSource source(layer);
      extractor.apply(source, "layer");
    }
  } catch (const Error& error) {
    require(error.code() != ErrorCode::Internal, "a hostile layer is no bug of ours");
  }
  check_outside(temporary.path());
  for (const auto& entry : fs::recursive_directory_iterator(root)) check_entry(root, entry.path());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string layer(testing::fuzz_text(data, size));
  const std::string repaired = with_right_checksums(layer);
  extract(layer, ConfinedDirectory::Lookup::Kernel);
  if (repaired != layer) extract(repaired, ConfinedDirectory::Lookup::Walk);
  return 0;
}

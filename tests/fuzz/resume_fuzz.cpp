// Whatever an earlier run, or anything else, left as the partial file of an archive: the next export makes of it the
// very same archive that it makes of nothing.

#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "fuzz.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMost = 1 << 20;

struct Content {
  MemoryTarget source;
  std::vector<Descriptor> blobs;
  ArchivePlan plan;
  std::string clean;
};

/// In memory: what has to be synced on a disk makes a fuzzer slow.
fs::path place_for_files() {
  const fs::path memory = "/dev/shm";
  return fs::is_directory(memory) ? memory : fs::temp_directory_path();
}

std::string write_archive(Content& content, const fs::path& file) {
  ArchiveWriter writer(std::make_unique<PartialFile>(file), content.plan);
  for (const Descriptor& blob : content.blobs) writer.put_blob(blob, content.source, silent_progress(), {});
  writer.commit();
  return read_file(file, kMost);
}

Content& content() {
  static Content* const kept = [] {
    auto* made = new Content;
    for (const std::size_t size : {0U, 1U, 511U, 512U, 3000U}) {
      made->blobs.push_back(made->source.add_blob(std::string(size, static_cast<char>('a' + size % 26)), ""));
    }
    made->plan = plan_archive(std::vector<ArchiveItem>(), made->blobs);
    const TempDirectory directory(place_for_files(), "ociferry-fuzz-");
    made->clean = write_archive(*made, directory.path() / "clean.tar");
    return made;
  }();
  return *kept;
}

/// What lies there before: anything at all, or a good archive that was cut, grown, or changed in a few places.
std::string left_behind(testing::FuzzBytes input) {
  const std::uint8_t how = input.next();
  if (how % 4 == 0) return std::string(input.rest());
  std::string file = content().clean;
  while (!input.empty()) {
    const std::size_t at = (static_cast<std::size_t>(input.next()) << 8U | input.next()) % file.size();
    if (how % 4 == 1) file[at] = static_cast<char>(input.next());
    if (how % 4 == 2) file.replace(at, std::min<std::size_t>(file.size() - at, 512), 512, '\0');
    if (how % 4 == 3) file.resize(at + 1);
    file.resize(std::min<std::size_t>(file.size(), kMost));
  }
  return file;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const TempDirectory directory(place_for_files(), "ociferry-fuzz-");
  const fs::path file = directory.path() / "a.tar";
  write_file_atomically(file.string() + ".partial", left_behind(testing::FuzzBytes(testing::fuzz_text(data, size))),
                        0600);
  testing::require(write_archive(content(), file) == content().clean, "a resumed archive is the one of a clean run");
  testing::require(!fs::exists(file.string() + ".partial"), "nothing is left beside it");
  return 0;
}

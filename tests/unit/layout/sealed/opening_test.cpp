#include <doctest/doctest.h>

#include <filesystem>

#include "base/system_calls.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "store/memory_target.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// Counts the bytes that are read, for as long as it lives.
class ReadCounter : public calls::Observer {
 public:
  ReadCounter() { calls::observe(this); }
  ReadCounter(const ReadCounter&) = delete;
  ReadCounter& operator=(const ReadCounter&) = delete;
  ~ReadCounter() override { calls::observe(nullptr); }

  calls::Verdict before(const calls::Call&) noexcept override { return {}; }
  void after(const calls::Call& call, std::int64_t result) noexcept override {
    if (call.kind == calls::Kind::Read && result > 0) bytes += static_cast<std::uint64_t>(result);
  }

  std::uint64_t bytes = 0;
};

/// How often the table of the archive at `path`, which has `table` bytes, is read while it is opened.
double times_read(const fs::path& path, std::uint64_t table) {
  const ReadCounter counter;
  const auto archive = open_image_archive(path);
  REQUIRE(archive->sealed() != nullptr);
  return static_cast<double>(counter.bytes) / static_cast<double>(table);
}

}  // namespace

TEST_CASE("opening reads an archive's index once, and that of volumes twice") {
  const TempDirectory directory = temp_directory();
  MemoryTarget source;
  std::vector<Descriptor> blobs{
      source.add_blob(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})",
                      std::string(media_type::kOciIndex))};
  for (int i = 0; i < 1000; ++i) blobs.push_back(source.add_blob(std::to_string(i), "layer"));
  const ArchivePlan plan = plan_archive({{.descriptor = blobs.front(),
                                          .is_root = true,
                                          .reference = {{"r.example", "apps/a"}, std::nullopt, blobs.front().digest},
                                          .tag = "v1"}},
                                        blobs);
  const fs::path file = directory.path() / "a.tar";
  {
    ArchiveWriter writer(std::make_unique<PartialFile>(file), plan);
    for (const Descriptor& blob : blobs) writer.put_blob(blob, source, silent_progress(), {});
    writer.commit();
  }
  const std::uint64_t table = plan.members[plan.files() - 1].end();
  REQUIRE(table > 64 * 1024);
  CHECK(times_read(file, table) < 1.3);

  const std::string bytes = read_text(file);
  const std::size_t half = bytes.size() / 1024 * 512;
  write_text(directory.path() / "set/b.tar.001", std::string_view(bytes).substr(0, half));
  write_text(directory.path() / "set/b.tar.002", std::string_view(bytes).substr(half));
  CHECK(times_read(directory.path() / "set/b.tar.001", table) < 2.3);
  CHECK(times_read(directory.path() / "set/b.tar.002", table) < 2.3);
}

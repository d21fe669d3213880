#include <doctest/doctest.h>

#include "layout/sealed/archive_plan.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

constexpr std::uint64_t kSize = 100'000;
constexpr std::uint64_t kLeft = 60'000;

std::string content() {
  std::string text;
  for (std::uint64_t i = 0; text.size() < kSize; ++i) text += std::to_string(i * 7919);
  text.resize(kSize);
  return text;
}

/// One blob, which tells what is read of it.
class OneBlob : public BlobSource {
 public:
  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t offset, std::stop_token) override {
    begins.push_back(offset);
    return std::make_unique<StringSource>(bytes, offset);
  }
  std::string bytes = content();
  Descriptor blob{.media_type = "layer", .digest = sha256(bytes), .size = bytes.size()};
  std::vector<std::uint64_t> begins;
};

/// An archive of one blob, which an earlier run has begun: `beginning` is in the blob's place.
struct Begun {
  TempDirectory directory{std::filesystem::temp_directory_path(), "resume-test-"};
  std::filesystem::path path = directory.path() / "a.tar";
  OneBlob source;

  [[nodiscard]] ArchivePlan plan() const { return plan_archive(std::vector<ArchiveItem>(), {source.blob}); }

  explicit Begun(const std::string& beginning) {
    class Breaks : public BlobSource {
     public:
      explicit Breaks(std::string bytes) : bytes_(std::move(bytes)) {}
      std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
        return std::make_unique<StringSource>(bytes_);
      }

     private:
      std::string bytes_;
    } breaks(beginning);
    ArchiveWriter writer(std::make_unique<PartialFile>(path), plan());
    CHECK_THROWS_AS(writer.put_blob(source.blob, breaks, silent_progress(), {}), Error);
  }

  void finish() {
    ArchiveWriter writer(std::make_unique<PartialFile>(path), plan());
    CHECK_FALSE(writer.holds(source.blob, {}));
    CHECK(writer.put_blob(source.blob, source, silent_progress(), {}) == BlobOutcome::Written);
    writer.commit();
    ArchiveReader reader(path);
    CHECK(read_all(*reader.open(source.blob, 0, {}), kSize) == source.bytes);
  }
};

}  // namespace

TEST_CASE("an unfinished blob is resumed where it stopped") {
  Begun begun(content().substr(0, kLeft));
  begun.finish();
  CHECK(begun.source.begins == std::vector<std::uint64_t>{kLeft});
}

TEST_CASE("on file systems without holes a blob is resumed before the zeros") {
  Begun begun(content().substr(0, kLeft) + std::string(kSize - kLeft, '\0'));
  begun.finish();
  CHECK(begun.source.begins == std::vector<std::uint64_t>{kLeft});
}

TEST_CASE("a wrong beginning of a blob costs one more fetch") {
  std::string damaged = content().substr(0, kLeft);
  damaged[kLeft / 2] = '?';
  Begun begun(damaged);
  begun.finish();
  CHECK(begun.source.begins == std::vector<std::uint64_t>{kLeft, 0});
}

TEST_CASE("a place with foreign content is written from the beginning") {
  Begun begun(std::string(kSize, '?'));
  begun.finish();
  CHECK(begun.source.begins == std::vector<std::uint64_t>{0});
}

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "archive_files.hpp"
#include "compact_sample.hpp"
#include "support/error_of.hpp"

// Compact archives that build on others: what both sides have does not travel, inside layers too.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

std::string listing(std::size_t bytes, std::uint64_t seed) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i * seed % 9973) + "\n";
  return text;
}

const std::string kSystemLibrary = random_bytes(200'000, 7);
const std::string kUserProgram = random_bytes(300'000, 8);

std::string changed(std::string content) {
  content.insert(content.size() / 2, "a new function");
  for (std::size_t i = 0; i < content.size(); i += 97) content[i] = static_cast<char>(content[i] + 1);
  return content;
}

/// The first release: two layers, one of which stays.
struct Older {
  std::string stays = gzip(TarBuilder().file("data", random_bytes(90'000, 9)).tar());
  std::string goes = gzip(TarBuilder()
                              .file("usr/lib/library", kSystemLibrary)
                              .file("usr/bin/program", kUserProgram)
                              .file("etc/conf", listing(4000, 3))
                              .tar());
  CompactSample sample{{R"({"release":1})", stays, goes}};
  std::shared_ptr<ArchiveReader> archive = std::make_shared<ArchiveReader>(sample.path());
  BaseContents contents{{archive}, sample.directory.path(), {}, silent_progress(), {}};
};

std::vector<std::string> newer_blobs(const Older& older) {
  return {R"({"release":2})", older.stays,
          gzip(TarBuilder()
                   .file("etc/conf", listing(4000, 3) + "one line more\n", 0644, 5)
                   .file("usr/bin/program", changed(kUserProgram), 0755, 5)
                   .file("usr/lib/moved", kSystemLibrary, 0644, 5)
                   .tar()),
          TarBuilder().file("usr/lib/library", kSystemLibrary).file("new", listing(900, 5)).tar()};
}

}  // namespace

TEST_CASE("a compact delta holds what changed, and expands with its base to the whole archive") {
  const Older older;
  const CompactSample newer(newer_blobs(older), 2, &older.contents);
  using enum MemberKind;
  std::vector<MemberKind> kinds;
  for (const LayerForm& form : newer.studied.blobs) kinds.push_back(form.kind);
  CHECK(kinds == std::vector<MemberKind>{Plain, Whole, Gzip, Tar});
  CHECK(newer.studied.header.base.blobs.size() == 2);
  CHECK(newer.studied.header.base.archives == std::vector{older.archive->fingerprint()});
  const std::string packed = compressed(newer.tar);
  CHECK(packed.size() < 20'000);  // of 600 kB: the differences, one file and the recipes
  CHECK(expanded(packed, 100'000, older.archive) == newer.plain);
  CHECK(expanded(packed, 7, older.archive) == newer.plain);
}

TEST_CASE("without its base only the beginning of a compact delta can be read") {
  const Older older;
  const CompactSample newer(newer_blobs(older), 2, &older.contents);
  const std::string packed = compressed(newer.tar);
  const Error error = error_of([&] { static_cast<void>(expanded(packed)); });
  CHECK(error.code() == ErrorCode::Incomplete);
  CHECK(error.message().find(older.archive->fingerprint().text()) != std::string::npos);
  CHECK(error.hint_text().find("--base") != std::string::npos);
  const TempDirectory directory = temp_directory();
  CompactReader reader(std::make_unique<StringSource>(packed), "a", {}, directory.path());
  std::vector<std::byte> front(1000);
  CHECK(reader.read(front) > 0);
}

TEST_CASE("a base with wrong blobs is refused before it is used") {
  const Older older;
  const CompactSample newer(newer_blobs(older), 2, &older.contents);
  class Liar : public BlobSource {
   public:
    explicit Liar(std::shared_ptr<BlobSource> inner) : inner_(std::move(inner)) {}
    [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                   std::stop_token stop) override {
      const auto source = inner_->open(blob, offset, std::move(stop));
      std::string bytes = read_all(*source, kSampleLimit);
      bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
      return std::make_unique<StringSource>(std::move(bytes));
    }
    [[nodiscard]] std::string name_of(const Digest& blob) const override { return inner_->name_of(blob); }

   private:
    std::shared_ptr<BlobSource> inner_;
  };
  CHECK(code_of([&] {
          static_cast<void>(expanded(compressed(newer.tar), 100'000, std::make_shared<Liar>(older.archive)));
        }) == ErrorCode::Corrupt);
}

TEST_CASE("a compact delta of an archive to itself is little more than its beginning") {
  const Older older;
  const CompactSample again({R"({"release":1})", older.stays, older.goes}, 2, &older.contents);
  CHECK(again.tar.size() < 20'000);
  CHECK(expanded(compressed(again.tar), 100'000, older.archive) == older.sample.plain);
}

TEST_CASE("blobs that are no layers, and content that the base lacks, are stored as without a base") {
  const Older older;
  const std::string noise = random_bytes(50'000, 77);
  const CompactSample other({noise, gzip(listing(60'000, 11)), gzip(TarBuilder().file("a", listing(5000, 13)).tar())},
                            2, &older.contents);
  CHECK(other.studied.header.base.blobs.empty());
  CHECK(expanded(compressed(other.tar)) == other.plain);
}

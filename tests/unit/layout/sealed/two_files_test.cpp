// A medium need not be a file: an archive is written to, resumed on, and read from two files that are one medium.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kFirst = 5'000;  ///< bytes in the first file: the second begins within a blob

/// Does `work(file, offset, part)` for the parts of `bytes` that lie in each of two files.
void in_each(std::uint64_t offset, auto bytes, const auto& work) {
  const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kFirst - std::min(kFirst, offset)));
  if (first > 0) work(0, offset, bytes.first(first));
  if (first < bytes.size()) work(1, offset + first - kFirst, bytes.subspan(first));
}

class TwoFiles : public Medium {
 public:
  TwoFiles(std::string name, const fs::path& first, const fs::path& second)
      : name_(std::move(name)), files_{open_medium(first), open_medium(second)} {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return files_[0]->size() + files_[1]->size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    std::size_t got = 0;
    in_each(offset, buffer,
            [&](std::size_t file, std::uint64_t at, MutableBytes part) { got += files_.at(file)->read_at(at, part); });
    return got;
  }

 private:
  std::string name_;
  std::array<std::unique_ptr<Medium>, 2> files_;
};

class TwoPartialFiles : public OutputMedium {
 public:
  explicit TwoPartialFiles(const fs::path& path)
      : name_(path.string()), files_{PartialFile(name_ + ".1"), PartialFile(name_ + ".2")} {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return files_[0].size() + files_[1].size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    std::size_t got = 0;
    in_each(offset, buffer,
            [&](std::size_t file, std::uint64_t at, MutableBytes part) { got += files_.at(file).read_at(at, part); });
    return got;
  }
  void write_at(std::uint64_t offset, Bytes bytes) override {
    in_each(offset, bytes, [&](std::size_t file, std::uint64_t at, Bytes part) { files_.at(file).write_at(at, part); });
  }
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const override {
    const std::uint64_t hole = offset < kFirst ? files_[0].written_until(offset) : offset;
    return hole < kFirst ? hole : kFirst + files_[1].written_until(hole - kFirst);
  }
  void reserve(std::uint64_t bytes, Existing existing) override {
    files_[0].reserve(kFirst, existing);
    files_[1].reserve(bytes - kFirst, existing);
  }
  void sync() override {
    for (PartialFile& file : files_) file.sync();
  }
  [[nodiscard]] std::unique_ptr<Medium> reopen(DeviceReader*) const override {
    return std::make_unique<TwoFiles>(name_, files_[0].name(), files_[1].name());
  }
  void publish() override {
    for (PartialFile& file : files_) file.publish();
  }

 private:
  std::string name_;
  std::array<PartialFile, 2> files_;
};

std::unique_ptr<Medium> open_two(const fs::path& path) {
  return std::make_unique<TwoFiles>(path.string(), path.string() + ".1", path.string() + ".2");
}

/// Gives the beginning of a blob only.
class Breaks : public BlobSource {
 public:
  explicit Breaks(std::string beginning) : beginning_(std::move(beginning)) {}
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t offset, std::stop_token) override {
    return std::make_unique<StringSource>(beginning_, offset);
  }

 private:
  std::string beginning_;
};

}  // namespace

TEST_CASE("an archive in two files is written, resumed and read like one in a single file") {
  const TempDirectory directory = temp_directory();
  MemoryTarget source;
  const std::string large = random_bytes(100'000, 1);
  const std::vector<Descriptor> blobs{source.add_blob(large, ""), source.add_blob("small", "")};
  const ArchivePlan plan = plan_archive({}, blobs);
  const fs::path path = directory.path() / "two.tar";
  {
    ArchiveWriter writer(std::make_unique<TwoPartialFiles>(path), plan);
    writer.put_blob(blobs[1], source, silent_progress(), {});
    Breaks breaks(large.substr(0, 50'000));
    CHECK_THROWS_AS(writer.put_blob(blobs[0], breaks, silent_progress(), {}), Error);
  }
  const auto finish = [&](std::unique_ptr<OutputMedium> medium) {
    ArchiveWriter writer(std::move(medium), plan);
    const bool there = writer.holds(blobs[1], {});
    for (const Descriptor& blob : blobs) writer.put_blob(blob, source, silent_progress(), {});
    writer.commit([](const OutputMedium& written) { ArchiveReader(written.reopen()).check_headers(); });
    return there;
  };
  CHECK(finish(std::make_unique<TwoPartialFiles>(path)));
  CHECK_FALSE(finish(std::make_unique<PartialFile>(directory.path() / "one.tar")));
  CHECK((read_text(path.string() + ".1") + read_text(path.string() + ".2") == read_text(directory.path() / "one.tar")));

  ArchiveReader reader(open_two(path));
  reader.check_headers();
  for (const Descriptor& blob : blobs) {
    VerifyingSource content(reader.open(blob, 0, {}), blob, "blob");
    CHECK(read_all(content, blob.size).size() == blob.size);
  }
}

TEST_CASE("a medium whose second file is truncated is Corrupt, and the message says where") {
  const TempDirectory directory = temp_directory();
  MemoryTarget source;
  const std::vector<Descriptor> blobs{source.add_blob(random_bytes(100'000, 2), "")};
  const fs::path path = directory.path() / "two.tar";
  ArchiveWriter writer(std::make_unique<TwoPartialFiles>(path), plan_archive({}, blobs));
  writer.put_blob(blobs[0], source, silent_progress(), {});
  writer.commit();
  fs::resize_file(path.string() + ".2", 20'000);
  try {
    const ArchiveReader reader(open_two(path));
    FAIL("the archive was opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK(error.message().find("the file has 25000 bytes") != std::string::npos);
  }
}

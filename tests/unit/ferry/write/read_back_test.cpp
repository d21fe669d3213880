#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <fstream>

#include "base/system_calls.hpp"
#include "ferry/write/write_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/error.hpp"
#include "ociferry/split.hpp"
#include "sample_bundles.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A disk that has another byte at one place than was written to it, once.
class BadDisk : public calls::Observer {
 public:
  BadDisk(std::filesystem::path file, std::uint64_t offset) : file_(std::move(file)), offset_(offset) {
    calls::observe(this);
  }
  ~BadDisk() override { calls::observe(nullptr); }
  calls::Verdict before(const calls::Call& call) noexcept override {
    if (call.kind == calls::Kind::Sync && !std::exchange(is_spoilt_, true)) spoil();
    return {};
  }
  void after(const calls::Call&, std::int64_t) noexcept override {}

 private:
  void spoil() const {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(offset_);
    file.seekg(at);
    const int there = file.get();
    file.seekp(at);
    file.put(static_cast<char>(there ^ 1));
  }

  std::filesystem::path file_;
  std::uint64_t offset_;
  bool is_spoilt_ = false;
};

/// A disk that is full when what was written is read back, for what reading needs.
class FullDisk : public calls::Observer {
 public:
  FullDisk() { calls::observe(this); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() override { calls::observe(nullptr); }
  calls::Verdict before(const calls::Call& call) noexcept override {
    if (call.kind == calls::Kind::Sync) is_synced_ = true;
    return {.failure = is_synced_ && call.kind == calls::Kind::Read ? ENOSPC : 0};
  }
  void after(const calls::Call&, std::int64_t) noexcept override {}

 private:
  std::atomic<bool> is_synced_ = false;
};

}  // namespace

TEST_CASE("a disk that is full while an archive is read back is reported as full, not as damaged") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const FullDisk disk;
  try {
    static_cast<void>(write_archive(sample.set, directory.path() / "a.tar", {}));
    FAIL("the archive got its name");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Space);
    CHECK(error.hint_text().starts_with("make room for that"));
    CHECK(error.hint_text().find("a.tar.partial is kept") != std::string::npos);
  }
}

TEST_CASE("split and join blame the medium, not the source, if what they wrote cannot be read back") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const auto at = [&](const std::string& name) { return directory.path() / name; };
  static_cast<void>(write_archive(sample.set, at("good.tar"), {}));
  const ArchivePlan plan = ArchiveReader(at("good.tar")).plan();
  const auto refused = [&](const std::string& partial, std::uint64_t place, const auto& write) {
    const BadDisk disk(at(partial), place);
    try {
      write();
      FAIL("the archive got its name");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Corrupt);
      CHECK(error.message().starts_with("the archive was written, but cannot be read back: "));
      CHECK(error.hint_text().find("write to another disk") != std::string::npos);
    }
  };
  const auto split = [&] {
    static_cast<void>(
        split_archive({.archive = at("good.tar"), .output = at("a.tar"), .volumes = {.bytes = 1 << 20}}, {}));
  };
  const auto join = [&] { static_cast<void>(join_archive({.volumes = at("a.tar.001"), .output = at("b.tar")}, {})); };
  const std::uint64_t header = plan.members.back().header_offset + 130;
  refused("a.tar.001.partial", header, split);
  split();
  refused("b.tar.partial", header, join);
  join();
  CHECK(read_text(at("b.tar")) == read_text(at("good.tar")));

  // Damage of the source is still called that.
  std::string rotten = read_text(at("good.tar"));
  rotten[plan.members.back().offset] ^= 1;
  write_text(at("good.tar"), rotten);
  std::filesystem::remove(at("a.tar.001"));
  std::filesystem::remove(at("a.tar.volumes.json"));
  try {
    split();
    FAIL("a damaged archive was divided");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK(error.hint_text().starts_with("what is read is damaged"));
  }
}

TEST_CASE("an archive that cannot be read back is not published, and the same command repairs it") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const auto good = directory.path() / "good.tar";
  static_cast<void>(write_archive(sample.set, good, {}));
  const ArchivePlan plan = ArchiveReader(good).plan();
  // The first header, index.json, the seal, a manifest, the header of a layer, the end.
  const std::uint64_t places[] = {0,
                                  plan.members[1].offset + 20,
                                  plan.members[plan.files() - 1].offset + 30,
                                  plan.members[plan.files()].offset + 5,
                                  plan.members.back().header_offset + 130,
                                  plan.total_bytes - 1};
  for (const std::uint64_t place : places) {
    CAPTURE(place);
    const auto path = directory.path() / "a.tar";
    const auto partial = directory.path() / "a.tar.partial";
    {
      const BadDisk disk(partial, place);
      try {
        static_cast<void>(write_archive(sample.set, path, {}));
        FAIL("the archive got its name");
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::Corrupt);
        CHECK(error.message().find("cannot be read back") != std::string::npos);
        CHECK(error.hint_text().find("another disk") != std::string::npos);
      }
    }
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::exists(partial));
    static_cast<void>(write_archive(sample.set, path, {}));
    CHECK(read_text(path) == read_text(good));
    std::filesystem::remove(path);
  }
}

TEST_CASE("reading back finds a layer that the medium changed before the archive is published") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const auto good = directory.path() / "good.tar";
  const TransferReport report = write_archive(sample.set, good, {}, {.verify_medium = true});
  REQUIRE(report.medium);
  CHECK(report.medium->bytes >= report.archive_bytes);
  const ArchivePlan plan = ArchiveReader(good).plan();
  const ArchiveMember& layer = plan.members.back();
  const auto path = directory.path() / "a.tar";
  const auto partial = directory.path() / "a.tar.partial";
  {
    const BadDisk disk(partial, layer.offset + layer.size / 2);
    try {
      static_cast<void>(write_archive(sample.set, path, {}, {.verify_medium = true}));
      FAIL("the archive got its name");
    } catch (const Error& error) {
      INFO(error.message());
      CHECK(error.code() == ErrorCode::Corrupt);
      CHECK(error.message().find("its medium returns something else: ") != std::string::npos);
      CHECK(error.message().find(partial.string() + ", offset " + std::to_string(layer.offset) + " to " +
                                 std::to_string(layer.offset + layer.size)) != std::string::npos);
      CHECK(error.hint_text().find("a.tar.partial did not get its name") != std::string::npos);
    }
  }
  CHECK_FALSE(std::filesystem::exists(path));
  static_cast<void>(write_archive(sample.set, path, {}, {.verify_medium = true}));
  CHECK(read_text(path) == read_text(good));

  // What is there already is read back, too, and written anew if it has become wrong.
  std::string rotten = read_text(good);
  rotten[layer.offset] ^= 1;
  write_text(path, rotten);
  CHECK(write_archive(sample.set, path, {}, {.verify_medium = true}).medium);
  CHECK(read_text(path) == read_text(good));
  CHECK(write_archive(sample.set, path, {}, {.verify_medium = true}).medium);
}

TEST_CASE("a compact archive that the medium changed is removed, in one file or in volumes") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const auto plain = directory.path() / "plain.tar";
  static_cast<void>(write_archive(sample.set, plain, {}));
  CompactOptions options{.archive = plain, .output = directory.path() / "a.zst", .verify_medium = true};
  const CompactReport good = compact_archive(options, {});
  REQUIRE(good.medium);
  CHECK(good.medium->bytes >= good.compact_bytes);
  std::filesystem::remove(options.output);
  for (const std::string file : {"a.zst.partial", "a.zst.001.partial"}) {
    CAPTURE(file);
    const auto partial = directory.path() / file;
    if (file != "a.zst.partial") options.volumes.bytes = 1'000'000;
    const BadDisk disk(partial, good.compact_bytes / 2);
    try {
      static_cast<void>(compact_archive(options, {}));
      FAIL("the archive got its name");
    } catch (const Error& error) {
      INFO(error.message());
      CHECK(error.code() == ErrorCode::Corrupt);
      CHECK(error.message().find("its medium returns something else: " + partial.string()) != std::string::npos);
      CHECK(error.hint_text().find("nothing of the compact archive was left") != std::string::npos);
    }
    const auto left = std::distance(std::filesystem::directory_iterator(directory.path()), {});
    CHECK(left == 1);  // plain.tar
  }
}

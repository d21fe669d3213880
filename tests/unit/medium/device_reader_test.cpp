#include "medium/device_reader.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "medium/block_prints.hpp"
#include "ociferry/error.hpp"
#include "reading.hpp"
#include "support/call_verdict.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

// Media that lie: what they return is not what was written.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = BlockPrints::kBlock;

std::string random_text(std::size_t size) {
  std::mt19937 random(7);  // the same in each run
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Warnings : Progress {
  void warn(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

struct Written {
  explicit Written(const std::string& content) : size(content.size()) { write_text(path, content); }
  /// Reads all of it, as a check would.
  std::string all(Medium& medium) const { return read(medium, 0, size); }

  TempDirectory directory = temp_directory();
  fs::path path = directory.path() / "a.tar";
  std::size_t size;
  Warnings warnings;
  DeviceReader device{warnings};
};

/// Fails every read of a range of a file with EIO.
class BadSector : public calls::Observer {
 public:
  BadSector(std::uint64_t from, std::uint64_t to) : from_(from), to_(to) { calls::observe(this); }
  ~BadSector() override { calls::observe(nullptr); }
  BadSector(const BadSector&) = delete;
  BadSector& operator=(const BadSector&) = delete;

  calls::Verdict before(const calls::Call& call) noexcept override {
    if (call.kind != calls::Kind::Read || call.offset >= to_ || call.offset + call.size <= from_) return {};
    // What lies before is read, as devices do.
    if (call.offset < from_) return {.failure = 0, .at_most = static_cast<std::size_t>(from_ - call.offset)};
    return {.failure = EIO};
  }
  void after(const calls::Call&, std::int64_t) noexcept override {}

 private:
  std::uint64_t from_;
  std::uint64_t to_;
};

}  // namespace

TEST_CASE("any range of a file is read from the device, for all offsets and sizes") {
  const std::string content = random_text(3 * 1024 * 1024 + 777);
  Written file(content);
  const auto medium = file.device.open(file.path);
  REQUIRE(medium);
  CHECK(medium->size() == content.size());
  CHECK((file.all(*medium) == content));
  for (const std::size_t offset : {0U, 1U, 511U, 4095U, 4096U, 1'048'575U, 3'145'728U}) {
    for (const std::size_t size : {1U, 512U, 4096U, 5000U, 1'100'000U}) {
      INFO(offset << " " << size);
      CHECK((read(*medium, offset, size) == content.substr(offset, size)));
    }
  }
  CHECK(read(*medium, content.size(), 10).empty());
  CHECK(read(*medium, content.size() - 3, 10) == content.substr(content.size() - 3));
  CHECK(file.device.bytes() > content.size());
  CHECK(file.device.open(file.directory.path()) == nullptr);
  CHECK(error_of([&] { static_cast<void>(file.device.open(file.path / "none")); }).code() == ErrorCode::Io);
}

TEST_CASE("a file system without O_DIRECT is read through the cache, which is reported once") {
  const std::string content = random_text(10'000);
  Written file(content);
  std::unique_ptr<Medium> medium;
  {
    const CallVerdict refuses(calls::Kind::Read, {.failure = EINVAL}, 1);
    medium = file.device.open(file.path);
  }
  CHECK((file.all(*medium) == content));
  CHECK_FALSE(file.device.is_past_cache());
  {
    const CallVerdict refuses(calls::Kind::Read, {.failure = EINVAL}, 1);
    static_cast<void>(file.device.open(file.path));
  }
  REQUIRE(file.warnings.lines.size() == 1);
  CHECK(says(file.warnings.lines.front(), file.path.string()));
  CHECK(says(file.warnings.lines.front(), "O_DIRECT"));
}

TEST_CASE("unreadable bytes are reported by offset, to the size of the device's blocks") {
  const std::string content = random_text(1'000'000);
  Written file(content);
  const auto medium = file.device.open(file.path);
  {
    const BadSector bad(40 * kBlock, 42 * kBlock);
    const Error error = error_of([&] { file.all(*medium); });
    CHECK(error.code() == ErrorCode::Io);
    INFO(error.message());
    CHECK(says(error.message(), file.path.string() + " from its device, offset 163840 to 172032"));
    CHECK(says(error.hint_text(), "cable"));
  }
  // A cable: the second attempt succeeds.
  const CallVerdict once(calls::Kind::Read, {.failure = EIO}, 1);
  const Error error = error_of([&] { file.all(*medium); });
  CHECK(error.code() == ErrorCode::Io);
  CHECK(says(error.context().front(), "a second attempt read it"));
}

TEST_CASE("a failing sync before reading is an error, except on a read-only device") {
  Written file("content");
  {
    const CallVerdict fails(calls::Kind::Sync, {.failure = EIO});
    CHECK(error_of([&] { static_cast<void>(file.device.open(file.path)); }).code() == ErrorCode::Io);
  }
  const CallVerdict read_only(calls::Kind::Sync, {.failure = EROFS});
  CHECK(read(*file.device.open(file.path), 0, 7) == "content");
}

TEST_CASE("a stick of false capacity is detected by blocks that repeat its beginning") {
  constexpr std::size_t kCapacity = 100 * kBlock;
  std::string content = random_text(150 * kBlock);
  content.replace(kCapacity, 50 * kBlock, content.substr(0, 50 * kBlock));
  Written file(content);
  const auto medium = file.device.open(file.path);
  file.all(*medium);
  const std::string told = file.device.tell_of(file.path.string(), 90 * kBlock + 1, 150 * kBlock);
  INFO(told);
  CHECK(says(told, "from offset 409600 to 614400 of " + file.path.string()));
  CHECK(says(told, "50 of 59 blocks"));
  CHECK(says(told, "from offset 0 of " + file.path.string()));
  CHECK(says(told, "capacity is false"));
  CHECK(file.device.tell_of(file.path.string(), 60 * kBlock, 90 * kBlock).empty());
}

TEST_CASE("empty blocks are reported, and other damage without an explanation") {
  std::string content = random_text(20 * kBlock);
  content.replace(10 * kBlock, 5 * kBlock, std::string(5 * kBlock, '\0'));
  content.replace(15 * kBlock, kBlock, std::string(kBlock, '\xff'));
  content[3 * kBlock] ^= 1;
  Written file(content);
  file.all(*file.device.open(file.path));
  const std::string told = file.device.tell_of(file.path.string(), 8 * kBlock, 17 * kBlock);
  INFO(told);
  CHECK(says(told, "from offset 40960 to 65536"));
  CHECK(says(told, "6 of 9 blocks of 4096 bytes are empty"));
  CHECK(file.device.tell_of(file.path.string(), 2 * kBlock, 5 * kBlock).empty());
  CHECK(file.device.tell_of("another file", 0, 5 * kBlock).empty());
}

TEST_CASE("blocks of another file of the same media are recognised, too") {
  const std::string content = random_text(20 * kBlock);
  Written file(content);
  const fs::path other = file.directory.path() / "b.tar";
  write_text(other, content.substr(0, 4 * kBlock) + content.substr(10 * kBlock, 4 * kBlock));
  file.all(*file.device.open(file.path));
  read(*file.device.open(other), 0, 8 * kBlock);
  const std::string told = file.device.tell_of(other.string(), 4 * kBlock, 8 * kBlock);
  CHECK(says(told, "4 of 4 blocks"));
  CHECK(says(told, "from offset 40960 of " + file.path.string()));
}

#include <doctest/doctest.h>

#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_stream.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "layout/sealed/stream_check.hpp"
#include "medium/partial_file.hpp"
#include "medium/stream_medium.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A small archive, in a file and as a stream.
struct StreamSample {
  MemoryTarget source;
  std::vector<Descriptor> blobs;
  ArchivePlan plan;
  std::string bytes;

  StreamSample() {
    blobs.push_back(source.add_blob(std::string(700, 'x'), "layer"));
    blobs.push_back(source.add_blob("", "empty"));
    blobs.push_back(source.add_blob(std::string(512, 'y'), "layer"));
    plan = plan_archive(std::vector<ArchiveItem>(), blobs);
    bytes = read_all(*stream(), 1 << 20);
  }

  [[nodiscard]] std::unique_ptr<ByteSource> stream() {
    return std::make_unique<ArchiveStream>(plan, [this](std::size_t i) { return source.open(blobs[i], 0, {}); });
  }

  /// Checks `given`, in pieces of `piece` bytes.
  void check(std::string_view given, std::size_t piece = 100000) const {
    StreamCheck check(plan, "stream");
    for (; !given.empty(); given.remove_prefix(std::min(piece, given.size()))) {
      check.write(as_bytes(given.substr(0, piece)));
    }
    check.finish();
  }
};

}  // namespace

TEST_CASE("the stream of an archive has the bytes of its file") {
  StreamSample sample;
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "a.tar";
  ArchiveWriter writer(std::make_unique<PartialFile>(path), sample.plan);
  for (const Descriptor& blob : sample.blobs) writer.put_blob(blob, sample.source, silent_progress(), {});
  writer.commit();
  CHECK(sample.bytes == read_text(path));
}

TEST_CASE("an intact stream passes its check, in pieces of any size, and with trailing zeros of a tape record") {
  const StreamSample sample;
  for (const std::size_t piece : {1U, 7U, 512U, 1000U, 100000U}) sample.check(sample.bytes, piece);
  sample.check(sample.bytes + std::string(10000, '\0'));
}

TEST_CASE("a stream with any byte changed is refused") {
  const StreamSample sample;
  std::size_t passed = 0;
  for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
    std::string other = sample.bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    try {
      sample.check(other);
      ++passed;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) ++passed;
    }
  }
  CHECK(passed == 0);
}

TEST_CASE("a stream that is cut anywhere is refused, with the missing part") {
  const StreamSample sample;
  for (std::size_t i = 0; i < sample.bytes.size(); i += 97) {
    CHECK(code_of([&] { sample.check(std::string_view(sample.bytes).substr(0, i)); }) == ErrorCode::Corrupt);
  }
  const std::string last = error_of([&] { sample.check(sample.bytes.substr(0, sample.bytes.size() - 1)); }).message();
  CHECK(last.find("it has lost the last 1 of") != std::string::npos);
}

TEST_CASE("bytes behind the end of a stream, and endless zeros, are refused") {
  const StreamSample sample;
  CHECK(code_of([&] { sample.check(sample.bytes + "x"); }) == ErrorCode::Corrupt);
  CHECK(code_of([&] { sample.check(sample.bytes + std::string(65 << 20, '\0')); }) == ErrorCode::Corrupt);
}

TEST_CASE("ArchiveReader reads the front of a stream, and leaves the rest to StreamCheck") {
  StreamSample sample;
  ArchiveReader reader(std::make_unique<StreamMedium>("stream", sample.stream()));
  CHECK(reader.plan().seal() == sample.plan.seal());
  REQUIRE(reader.stream() != nullptr);
  CHECK(read_all(*reader.open(sample.blobs[2], 0, {}), 1000) == std::string(512, 'y'));
}

#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "ferry/download.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/pipe.hpp"
#include "stream/sha256.hpp"
#include "transfer/blob_copy.hpp"

using namespace ociferry;

namespace {

constexpr PieceRules kRules{.least = 10'000, .most = 20'000};
/// Whatever does not come at once is slow.
constexpr SlowStream kSlow{
    .watched = std::chrono::milliseconds{0}, .left = std::chrono::milliseconds{0}, .busy = 2, .cores = 2};
constexpr std::uint64_t kSize = 1'000'000;
constexpr std::size_t kBeginning = 5'000;

std::string content_of(std::uint64_t size) {
  std::string text;
  for (std::uint64_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919);
  text.resize(size);
  return text;
}

/// A registry whose streams stop after their first bytes until `streams_may_go_on`.
class Slow : public BlobSource {
 public:
  explicit Slow(std::string content) : bytes(std::move(content)) {}

  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t offset, std::stop_token stop) override {
    return make_pipe([this, offset](ByteSink& sink, const std::stop_token& until) { stream(offset, sink, until); },
                     std::move(stop));
  }
  void fetch(const Descriptor&, ByteSink& sink, std::stop_token stop) override { stream(0, sink, stop); }
  bool fetch_range(const Descriptor&, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                   std::stop_token) override {
    note([&] {
      ranges.emplace(begin, end);
      threads.insert(std::this_thread::get_id());
    });
    const bool given = give_range(begin, end, sink);
    note([&] { ++ranges_given; });
    return given;
  }
  std::optional<RepositoryName> home() const override { return RepositoryName{"reg.example", "a/b"}; }

  [[nodiscard]] Bytes part(std::uint64_t begin, std::uint64_t end) const {
    return as_bytes(bytes).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }

  std::string bytes;
  Descriptor blob{.media_type = "layer", .digest = sha256(bytes), .size = bytes.size()};
  bool stream_breaks = false;
  std::function<bool()> streams_may_go_on = [this] { return ranges_given >= 4; };
  std::function<bool(std::uint64_t, std::uint64_t, ByteSink&)> give_range = [this](auto begin, auto end,
                                                                                   ByteSink& sink) {
    sink.write(part(begin, end));
    return true;
  };
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<std::uint64_t> streams;
  std::set<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::set<std::thread::id> threads;
  std::size_t ranges_given = 0;

 private:
  void stream(std::uint64_t begin, ByteSink& sink, const std::stop_token& stop) {
    note([&] { streams.push_back(begin); });
    const Bytes rest = as_bytes(bytes).subspan(static_cast<std::size_t>(begin));
    sink.write(rest.first(std::min(kBeginning, rest.size())));
    std::unique_lock lock(mutex);
    // The time is for a test that fails: what it waits for does not come.
    const bool is_free = changed.wait_for(lock, stop, std::chrono::seconds{20}, [this] { return streams_may_go_on(); });
    lock.unlock();
    if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
    CHECK(is_free);
    if (stream_breaks) throw Error(ErrorCode::Network, "the stream broke");
    for (Bytes left = rest.subspan(std::min(kBeginning, rest.size())); !left.empty();) {
      const std::size_t part = std::min<std::size_t>(1'000, left.size());
      sink.write(left.first(part));
      left = left.subspan(part);
    }
  }

  void note(const std::function<void()>& what) {
    {
      const std::lock_guard lock(mutex);
      what();
    }
    changed.notify_all();
  }
};

struct PieceDownload {
  TempDirectory directory{std::filesystem::temp_directory_path(), "pieces-test-"};
  std::filesystem::path path = directory.path() / "a.tar";
  std::shared_ptr<Slow> source;

  explicit PieceDownload(std::uint64_t size = kSize) : source(std::make_shared<Slow>(content_of(size))) {}

  [[nodiscard]] ArchivePlan plan() const { return plan_archive(std::vector<ArchiveItem>(), {source->blob}); }
  /// Puts the one blob, and checks the archive.
  void put(const Jobs& jobs, Progress& progress = silent_progress()) {
    ArchiveWriter writer(std::make_unique<PartialFile>(path), plan(), kRules, kSlow);
    const Graph::BlobNode node{source->blob, source};
    CHECK(copy_blobs({&node}, writer, jobs, progress, {}).written == 1);
    writer.commit();
    ArchiveReader reader(path);
    CHECK((read_all(*reader.open(source->blob, 0, {}), kSize) == source->bytes));
  }
};

struct Counted : Progress {
  std::atomic<std::int64_t> bytes{0};
  void advance(std::int64_t more) override { bytes += more; }
};

}  // namespace

TEST_CASE("one large layer is fetched by all workers, with a given or measured number of jobs") {
  for (const Jobs& jobs : {Jobs(4), Jobs()}) {
    PieceDownload stage;
    Counted progress;
    stage.source->give_range = [&stage](auto begin, auto end, ByteSink& sink) {
      std::unique_lock lock(stage.source->mutex);  // the first ones wait for each other
      stage.source->changed.wait_for(lock, std::chrono::seconds{20}, [&] { return stage.source->ranges.size() >= 3; });
      lock.unlock();
      sink.write(stage.source->part(begin, end));
      return true;
    };
    stage.put(jobs, progress);
    CHECK(stage.source->threads.size() >= 3);
    CHECK(stage.source->streams == std::vector<std::uint64_t>{0});
    CHECK(progress.bytes == kSize);
    std::uint64_t at = stage.source->ranges.begin()->first;
    for (const auto& [begin, end] : stage.source->ranges) {  // each byte once
      CHECK(begin == at);
      CHECK(end - begin >= kRules.least);
      at = end;
    }
    CHECK(at == kSize);
  }
}

TEST_CASE("one worker, or a small blob, uses no ranges") {
  PieceDownload alone;
  alone.source->streams_may_go_on = [] { return true; };
  alone.put(1);
  CHECK(alone.source->ranges.empty());
  PieceDownload small(2 * kRules.least - 1);
  small.source->streams_may_go_on = [] { return true; };
  small.put(4);
  CHECK(small.source->ranges.empty());
}

TEST_CASE("without support for ranges, the stream fetches the whole blob") {
  PieceDownload stage;
  Counted progress;
  stage.source->give_range = [](auto, auto, ByteSink&) { return false; };
  stage.source->streams_may_go_on = [&stage] { return stage.source->ranges_given > 0; };
  stage.put(4, progress);
  CHECK(stage.source->streams == std::vector<std::uint64_t>{0});
  CHECK(progress.bytes == kSize);
}

TEST_CASE("where a range fails, the stream continues") {
  for (const bool throws : {false, true}) {
    PieceDownload stage;
    Counted progress;
    stage.source->give_range = [&stage, throws](auto begin, auto end, ByteSink& sink) {
      if (begin < kSize / 2) {
        sink.write(stage.source->part(begin, end));
        return true;
      }
      sink.write(stage.source->part(begin, begin + 100));
      if (throws) throw Error(ErrorCode::Network, "reset");
      return false;
    };
    stage.put(4, progress);
    CHECK(stage.source->streams.size() == 2);
    CHECK(progress.bytes == kSize);
  }
}

TEST_CASE("a server with wrong bytes in ranges costs one more fetch, without ranges") {
  PieceDownload stage;
  Counted progress;
  stage.source->give_range = [](auto begin, auto end, ByteSink& sink) {
    sink.write(as_bytes(std::string(static_cast<std::size_t>(end - begin), '?')));
    return true;
  };
  stage.put(4, progress);
  CHECK(stage.source->streams == std::vector<std::uint64_t>{0, 0});
  CHECK(progress.bytes == kSize);
}

TEST_CASE("surplus bytes of a range do not overwrite the bytes behind it") {
  PieceDownload stage;
  stage.source->give_range = [&stage](auto begin, auto, ByteSink& sink) {
    sink.write(stage.source->part(begin, kSize));
    return true;
  };
  stage.source->streams_may_go_on = [] { return true; };
  stage.put(4);
}

TEST_CASE("pieces behind a gap are fetched again by the next run") {
  PieceDownload stage;
  bool front_failed = false;
  stage.source->give_range = [&](auto begin, auto end, ByteSink& sink) {
    if (begin == kRules.least) {  // at the front: it does not come; those behind it do, unless this ends them first
      {
        const std::lock_guard lock(stage.source->mutex);
        front_failed = true;
      }
      stage.source->changed.notify_all();
      throw Error(ErrorCode::Network, "reset");
    }
    sink.write(stage.source->part(begin, end));
    return true;
  };
  stage.source->streams_may_go_on = [&] { return front_failed || stage.source->ranges_given >= 4; };
  stage.source->stream_breaks = true;
  {
    ArchiveWriter writer(std::make_unique<PartialFile>(stage.path), stage.plan(), kRules, kSlow);
    const Graph::BlobNode node{stage.source->blob, stage.source};
    CHECK_THROWS_AS(copy_blobs({&node}, writer, 4, silent_progress(), {}), Error);
  }
  stage.source->stream_breaks = false;
  stage.source->streams.clear();
  stage.source->streams_may_go_on = [] { return true; };
  ArchiveWriter writer(std::make_unique<PartialFile>(stage.path), stage.plan());
  CHECK(writer.put_blob(stage.source->blob, *stage.source, silent_progress(), {}) == BlobOutcome::Written);
  writer.commit();
  CHECK(stage.source->streams == std::vector<std::uint64_t>{kBeginning});
  ArchiveReader reader(stage.path);
  CHECK((read_all(*reader.open(stage.source->blob, 0, {}), kSize) == stage.source->bytes));
}

TEST_CASE("a pull fetches a layer in pieces, too, and those behind a gap again") {
  const TempDirectory directory{std::filesystem::temp_directory_path(), "pieces-test-"};
  Slow source(std::string(24 * kMiB, 'x') + content_of(kSize));
  const auto path = directory.path() / "layer";
  source.streams_may_go_on = [&source] { return source.ranges_given > 0; };
  source.stream_breaks = true;
  CHECK_THROWS_AS(Download(path, source.blob, source, 2, silent_progress()).run({}), Error);
  CHECK_FALSE(source.ranges.empty());
  CHECK(source.ranges.begin()->first >= PieceRules{}.least);

  source.stream_breaks = false;
  source.streams.clear();
  Download again(path, source.blob, source, 2, silent_progress());
  again.run({});
  CHECK(source.streams.front() == kBeginning);
  StringSink content(source.bytes.size());
  MediumSource file(again.file(), 0, source.bytes.size());
  copy_stream(file, content);
  CHECK((content.content == source.bytes));
}

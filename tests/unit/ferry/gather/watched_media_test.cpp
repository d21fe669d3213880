#include "ferry/gather/watched_media.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct Lines : Progress {
  void warn(std::string_view line) override { warnings.emplace_back(line); }
  void advance(std::int64_t bytes) override { advanced += bytes; }
  std::vector<std::string> warnings;
  std::int64_t advanced = 0;
};

/// A stick, and the time.
struct Stick {
  std::chrono::steady_clock::time_point now{};
  std::optional<DeviceCounters> counters = DeviceCounters{};

  WatchedMedia::Sources sources() {
    return {.now = [this] { return now; }, .counters = [this](dev_t) { return counters; }};
  }
  /// Works for some seconds, of which it is busy for a part.
  void work(WatchedMedia& watched, std::uint64_t written, std::uint64_t read, int seconds, int busy_percent = 100) {
    for (int i = 0; i < seconds; ++i) {
      counters->written_bytes += written;
      counters->read_bytes += read;
      counters->busy += std::chrono::milliseconds(10 * busy_percent);
      now += std::chrono::seconds(1);
      watched.advance(1);
    }
  }
};

constexpr std::uint64_t kMega = 1'000'000;

}  // namespace

TEST_CASE("a stick that becomes slower while it is written is one warning, with both rates") {
  const TempDirectory directory = temp_directory();
  Lines lines;
  Stick stick;
  const std::string output = (directory.path() / "out.tar").string();  // not there yet
  WatchedMedia watched(lines, WatchedMedia::Direction::Writing, {output, directory.path()}, stick.sources());
  stick.work(watched, 40 * kMega, 0, 20);
  stick.work(watched, 5 * kMega, 0, 20);
  watched.finish();
  CHECK(lines.advanced == 40);
  REQUIRE(lines.warnings.size() == 1);
  const std::string& line = lines.warnings.front();
  CHECK(line.starts_with("the medium of " + output + " is slower than it was: 40.0 MB a second at first, 5.0 MB "));
  CHECK(line.find("--medium") != std::string::npos);
}

TEST_CASE("slower networks, other directions, exchanged sticks and unknown devices give no warning") {
  const TempDirectory directory = temp_directory();
  Lines lines;
  const auto run = [&](WatchedMedia::Direction direction, Stick& stick, const auto& work) {
    WatchedMedia watched(lines, direction, {directory.path()}, stick.sources());
    work(watched);
    watched.finish();
    return lines.warnings.size();
  };
  Stick idle;
  CHECK(run(WatchedMedia::Direction::Writing, idle, [&](WatchedMedia& watched) {
          idle.work(watched, 40 * kMega, 0, 20);
          idle.work(watched, 4 * kMega, 0, 200, 10);  // it waits for what it is to write
        }) == 0);
  Stick reads;
  CHECK(run(WatchedMedia::Direction::Writing, reads, [&](WatchedMedia& watched) {
          reads.work(watched, 40 * kMega, 0, 20);
          reads.work(watched, kMega, 9 * kMega, 20);
        }) == 0);
  Stick changed;
  CHECK(run(WatchedMedia::Direction::Reading, changed, [&](WatchedMedia& watched) {
          changed.work(watched, 0, 40 * kMega, 20);
          changed.counters = DeviceCounters{};
          changed.work(watched, 0, 40 * kMega, 20);
          changed.counters.reset();
        }) == 0);
  Stick none{.counters = std::nullopt};
  CHECK(run(WatchedMedia::Direction::Reading, none, [&](WatchedMedia& watched) { watched.advance(5); }) == 0);
}

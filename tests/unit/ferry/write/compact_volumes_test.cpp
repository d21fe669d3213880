#include "ferry/write/compact_volumes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/system_calls.hpp"
#include "ociferry/error.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kVolume = 256 * 1024;

/// Lets calls of a kind fail whose path ends in some way; those without a path, if that is empty.
class FailingCalls : public calls::Observer {
 public:
  FailingCalls(calls::Kind kind, std::string end) : kind_(kind), end_(std::move(end)) { calls::observe(this); }
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;
  ~FailingCalls() override { calls::observe(nullptr); }
  calls::Verdict before(const calls::Call& call) noexcept override {
    const std::string_view path = call.path != nullptr ? call.path : "";
    return {.failure = call.kind == kind_ && path.ends_with(end_) ? EIO : 0};
  }
  void after(const calls::Call&, std::int64_t) noexcept override {}

 private:
  calls::Kind kind_;
  std::string end_;
};

/// Two directories for volumes of "c.zst".
struct TwoPlaces {
  TempDirectory directory = temp_directory();
  fs::path a = directory.path() / "a";
  fs::path b = directory.path() / "b";

  TwoPlaces() {
    fs::create_directory(a);
    fs::create_directory(b);
  }
  [[nodiscard]] static std::vector<std::string> files(const fs::path& place) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(place)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
};

void fill_volumes(CompactVolumes& volumes, std::uint64_t bytes, char with) {
  const std::string content(bytes, with);
  volumes.write(std::as_bytes(std::span(content)));
  volumes.sync();
}

}  // namespace

TEST_CASE("a compact archive in volumes is busy for whoever writes one of that name to any of its directories") {
  const TwoPlaces places;
  CompactVolumes one("c.zst", {.directories = {places.a, places.b}}, false);
  fill_volumes(one, kVolume, 'x');
  for (const auto& others : {std::vector<fs::path>{places.b, places.a}, std::vector<fs::path>{places.a}}) {
    try {
      const CompactVolumes other("c.zst", {.directories = others}, true);
      FAIL("another one was begun");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Busy);
    }
    CHECK(TwoPlaces::files(places.a) == std::vector<std::string>{"c.zst.001.partial"});
    CHECK(TwoPlaces::files(places.b).empty());
  }
  one.publish();
  CHECK(fs::file_size(places.a / "c.zst.001") == kVolume);
}

TEST_CASE("compact volumes that cannot get their names are kept, and those that they replace as long as it goes") {
  const TwoPlaces places;
  const fs::path output = places.a / "c.zst";
  const VolumeRule rule{.bytes = kVolume};
  {
    CompactVolumes older(output, rule, false);
    fill_volumes(older, 2 * kVolume, 'o');
    older.publish();
  }
  const auto before = TwoPlaces::files(places.a);
  CHECK(before == std::vector<std::string>{"SHA256SUMS", "c.zst.001", "c.zst.002", "c.zst.volumes.json"});
  {
    CompactVolumes newer(output, rule, false);
    fill_volumes(newer, 2 * kVolume, 'n');
    const FailingCalls pulled_out(calls::Kind::Sync, "");
    CHECK_THROWS_AS(newer.publish(), Error);
  }
  CHECK(TwoPlaces::files(places.a) == before);
  CHECK(read_text(places.a / "c.zst.002") == std::string(kVolume, 'o'));
  {
    CompactVolumes newer(output, rule, false);
    fill_volumes(newer, 2 * kVolume, 'n');
    const FailingCalls broken(calls::Kind::Remove, "c.zst.002");
    try {
      newer.publish();
      FAIL("they have names");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Io);
      CHECK(
          error.context().back().ends_with("0 have them, and the others are whole, but still have .partial behind "
                                           "their names"));
      CHECK(error.hint_text().find("run the same command again") != std::string::npos);
    }
  }
  CHECK(read_text(places.a / "c.zst.001.partial") == std::string(kVolume, 'n'));
  CHECK(read_text(places.a / "c.zst.002.partial") == std::string(kVolume, 'n'));
  {
    CompactVolumes newer(output, rule, false);
    fill_volumes(newer, 2 * kVolume, 'm');
    newer.publish();
  }
  CHECK(TwoPlaces::files(places.a) == before);
  CHECK(read_text(places.a / "c.zst.002") == std::string(kVolume, 'm'));
}

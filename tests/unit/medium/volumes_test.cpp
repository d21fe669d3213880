#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/sizes.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_medium.hpp"
#include "medium/volumes/volume_output.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "reading.hpp"
#include "stream/sha256.hpp"
#include "support/call_verdict.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// Text as a medium.
class TextMedium : public Medium {
 public:
  explicit TextMedium(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    const std::string part = offset < text_.size() ? text_.substr(offset, buffer.size()) : "";
    std::ranges::copy(as_bytes(part), buffer.begin());
    return part.size();
  }

 private:
  std::string name_ = "text";
  std::string text_;
};

VolumeList sample_list() {
  return {.set = sha256("seal"),
          .archive_bytes = 5,
          .volumes = {{"a.001", 0, 3, sha256("abc"), sha256("abc"), {"oci-layout", "sha256:x"}},
                      {"a.002", 3, 2, sha256("de"), sha256("de"), {}}}};
}

std::string with(const std::string& from, const std::string& to) {
  std::string json = to_json(sample_list());
  const auto at = json.find(from);
  REQUIRE(at != std::string::npos);
  return json.replace(at, from.size(), to);
}

struct TwoVolumes {
  TempDirectory directory = temp_directory();
  fs::path one = directory.path() / "a.001";
  fs::path two = directory.path() / "a.002";

  [[nodiscard]] std::unique_ptr<VolumeOutput> open(std::vector<fs::path> retired = {},
                                                   std::vector<fs::path> leftovers = {}) const {
    return std::make_unique<VolumeOutput>("a", std::vector<PlannedVolume>{{one, 3}, {two, 4}}, std::move(retired),
                                          std::move(leftovers));
  }
};

}  // namespace

TEST_CASE("a list of volumes round-trips") {
  const VolumeList list = parse_volume_list(to_json(sample_list()), "x");
  CHECK(list.set == sha256("seal"));
  CHECK(list.archive_bytes == 5);
  REQUIRE(list.volumes.size() == 2);
  CHECK(list.volumes[0].name == "a.001");
  CHECK(list.volumes[0].holds == std::vector<std::string>{"oci-layout", "sha256:x"});
  CHECK(list.volumes[1].offset == 3);
  CHECK(list.volumes[1].begin == sha256("de"));
  CHECK(to_json(list) == to_json(sample_list()));
  CHECK_FALSE(list.is_compact);
}

TEST_CASE("a list of compact volumes round-trips, and older readers refuse it") {
  VolumeList list = sample_list();
  list.is_compact = true;
  const std::string json = to_json(list);
  CHECK(json.starts_with(R"({"schemaVersion":2,"form":"compact","set":)"));
  CHECK(parse_volume_list(json, "x").is_compact);
  CHECK(to_json(parse_volume_list(json, "x")) == json);
  const std::string other = std::string(json).replace(json.find("compact"), 7, "unknown");
  CHECK(error_of([&] { static_cast<void>(parse_volume_list(other, "x")); }).message().find("newer ociferry") !=
        std::string::npos);
}

TEST_CASE("a list of volumes that contradicts itself, or names other directories, is refused") {
  const std::pair<std::string, std::string> changes[] = {{"\"size\":2", "\"size\":1"},
                                                         {"\"offset\":3", "\"offset\":2"},
                                                         {"\"archiveBytes\":5", "\"archiveBytes\":6"},
                                                         {"\"archiveBytes\":5", "\"archiveBytes\":-1"},
                                                         {"\"a.002\"", "\"a.001\""},
                                                         {"\"a.002\"", "\"../a.002\""},
                                                         {"\"a.002\"", "\"/a.002\""},
                                                         {"\"a.002\"", "\"..\""},
                                                         {"\"a.002\"", "\"\""},
                                                         {"\"schemaVersion\":1", "\"schemaVersion\":0"},
                                                         {"\"set\":\"sha256:", "\"set\":\"sha256:0"},
                                                         {"\"holds\":[]", "\"holds\":[1]"},
                                                         {"\"size\":2", "\"size\":9223372036854775807"}};
  for (const auto& change : changes) {
    INFO(change.first << " -> " << change.second);
    const std::string json = with(change.first, change.second);
    const Error error = error_of([&] { static_cast<void>(parse_volume_list(json, "a.volumes.json")); });
    CHECK(error.code() == ErrorCode::Hostile);
    CHECK(error.message().starts_with("a.volumes.json"));
  }
  const std::string newer = with("\"schemaVersion\":1", "\"schemaVersion\":2");
  const Error error = error_of([&] { static_cast<void>(parse_volume_list(newer, "x")); });
  CHECK(error.message().find("newer ociferry") != std::string::npos);
}

TEST_CASE("the name of a volume ends with three digits, from 001 on") {
  CHECK(volume_name("a.tar", 7) == "a.tar.007");
  CHECK(volume_name("a.tar", 999) == "a.tar.999");
  CHECK(parse_volume_name("a.tar.012")->number == 12);
  CHECK(parse_volume_name("a.tar.012")->output == "a.tar");
  for (const char* const name : {"a.tar.000", "a.tar.01", "a.tar", ".001", "a001", "a.0001x"}) {
    CHECK_FALSE(parse_volume_name(name));
  }
}

TEST_CASE("several media are read as one, with only a few of them open") {
  const std::string content[] = {"abc", "d", "efgh"};
  std::vector<std::size_t> opened;
  const VolumeMedium medium(
      "all", {{"1", 3}, {"2", 1, false}, {"3", 4}},
      [&](std::size_t i) {
        opened.push_back(i);
        return std::make_unique<TextMedium>(content[i]);
      },
      1);
  CHECK(medium.size() == 8);
  CHECK(medium.is_at_hand(0, 3));
  CHECK_FALSE(medium.is_at_hand(0, 4));
  CHECK(medium.is_at_hand(4, 4));
  CHECK(opened.empty());
  CHECK(read(medium, 0, 10) == "abcdefgh");
  CHECK(medium.is_at_hand(0, 8));
  CHECK(read(medium, 2, 3) == "cde");
  CHECK(read(medium, 8, 3).empty());
  CHECK(opened == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});
  CHECK(medium.name_at(3) == "2");
  CHECK(medium.name_at(8) == "all");
}

TEST_CASE("a medium whose size differs from its volume is refused") {
  const VolumeMedium medium("all", {{"1", 3}}, [](std::size_t) { return std::make_unique<TextMedium>("ab"); });
  CHECK(error_of([&] { static_cast<void>(read(medium, 0, 1)); }).code() == ErrorCode::Corrupt);
}

TEST_CASE("an archive is divided into volumes of whole blocks, and at most 999 of them") {
  const auto volumes = divide("d", "a", 200'000, 70'000);
  REQUIRE(volumes.size() == 3);
  CHECK(volumes[0].bytes == 69'632);
  CHECK(volumes[2].bytes == 200'000 - 2 * 69'632);
  CHECK(volumes[2].path == "d/a.003");
  CHECK(divide("d", "a", 999 * 65'536, 65'536).size() == 999);
  CHECK(error_of([] { static_cast<void>(divide("d", "a", 999 * 65'536 + 1, 65'536)); }).code() == ErrorCode::Usage);
  CHECK(error_of([] { static_cast<void>(divide("d", "a", 1, 65'535)); }).code() == ErrorCode::Usage);
}

TEST_CASE("directories are filled one after the other, up to the file size limit, and each device once") {
  const std::vector<VolumeRoom> rooms = {
      {.directory = "a", .device = 1, .free_bytes = 10 * kMiB, .largest_file = {}},
      {.directory = "b", .device = 1, .free_bytes = 10 * kMiB, .largest_file = {}},
      {.directory = "full", .device = 2, .free_bytes = kMiB, .largest_file = {}},
      {.directory = "fat", .device = 3, .free_bytes = 50 * kMiB, .ours = 4 * kMiB, .largest_file = 8 * kMiB - 1}};
  const auto volumes = fill_rooms(rooms, "x", 20 * kMiB, 0);
  REQUIRE(volumes.size() == 3);
  CHECK(volumes[0].path == "a/x.001");
  CHECK(volumes[0].bytes == 6 * kMiB);
  CHECK(volumes[1].path == "fat/x.002");
  CHECK(volumes[1].bytes == 8 * kMiB - 512);
  CHECK(volumes[2].bytes == 6 * kMiB + 512);
  const Error error = error_of([&] { static_cast<void>(fill_rooms(rooms, "x", 60 * kMiB, 0)); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(error.message().find("b: 0 bytes") != std::string::npos);
}

TEST_CASE("a file after the volumes goes into the last directory with room, or fills what is left") {
  const std::vector<VolumeRoom> rooms{{.directory = "a", .device = 1, .free_bytes = 40 * kMiB, .largest_file = {}},
                                      {.directory = "b", .device = 2, .free_bytes = 30 * kMiB, .largest_file = {}},
                                      {.directory = "c", .device = 2, .free_bytes = 30 * kMiB, .largest_file = {}}};
  const auto left = rooms_after(rooms, {{"a/x.001", 30 * kMiB}, {"b/x.002", 12 * kMiB}});
  CHECK(left[0].free_bytes == 10 * kMiB);
  CHECK(left[1].free_bytes == 18 * kMiB);
  CHECK(left[2].free_bytes == 18 * kMiB);  // the same device
  const auto whole = fill_last_room(left, "p", 14 * kMiB, 0, "the parity");
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].path == "c/p");
  const auto divided = fill_last_room(left, "p", 19 * kMiB, 0, "the parity");
  REQUIRE(divided.size() == 2);
  CHECK(divided[0].path == "a/p.001");
  CHECK(divided[0].bytes == 6 * kMiB);
  CHECK(divided[1].path == "b/p.002");
  const Error error = error_of([&] { static_cast<void>(fill_last_room(left, "p", 21 * kMiB, 0, "the parity")); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(error.message().starts_with("the parity will have "));
}

TEST_CASE("volumes are written as partial files across their borders, and published together") {
  const TwoVolumes place;
  auto output = place.open();
  CHECK(output->size() == 0);
  output->reserve(7, Existing::Discard);
  CHECK(output->size() == 7);
  output->write_at(2, as_bytes("cdef"));
  CHECK(read(*output, 0, 10) == std::string("\0\0cdef\0", 7));
  output->write_at(0, as_bytes("ab"));
  output->write_at(6, as_bytes("g"));
  output->sync();
  CHECK(read(*output->reopen(), 1, 5) == "bcdef");
  CHECK(output->name_at(3) == place.two.string() + ".partial");
  CHECK_FALSE(fs::exists(place.one));
  CHECK(error_of([&] { static_cast<void>(place.open()); }).code() == ErrorCode::Busy);
  output->publish();
  CHECK(read_text(place.one) == "abc");
  CHECK(read_text(place.two) == "defg");
  CHECK_FALSE(fs::exists(place.one.string() + ".partial"));
}

TEST_CASE("holes of volumes are holes of the whole, and replaced files are removed before publishing") {
  const TwoVolumes place;
  const fs::path old = place.directory.path() / "a.003";
  const fs::path left = place.directory.path() / "a.004.partial";
  write_text(old, "old");
  write_text(left, "left");
  const auto large = std::vector<PlannedVolume>{{place.one, kMiB}, {place.two, kMiB}};
  VolumeOutput output("a", large, {old}, {left});
  output.reserve(2 * kMiB, Existing::Discard);
  CHECK_FALSE(fs::exists(left));
  CHECK(output.written_until(0) == 0);
  output.write_at(0, as_bytes(std::string(kMiB + 512 * kKiB, 'a')));
  CHECK(output.written_until(5) == kMiB + 512 * kKiB);
  CHECK(fs::exists(old));
  output.publish();
  CHECK_FALSE(fs::exists(old));
}

TEST_CASE("the list is renamed before its volumes are removed, and stays until they are gone") {
  const TwoVolumes place;
  const fs::path old = place.directory.path() / "a.003";
  const fs::path list = place.directory.path() / "a.volumes.json";
  write_text(old, "old");
  write_text(list, "list");
  const auto output = place.open({old, list});
  output->reserve(7, Existing::Discard);
  {
    const CallVerdict verdict(calls::Kind::Remove, {.failure = EIO}, 1);
    CHECK(error_of([&] { output->publish(); }).code() == ErrorCode::Io);
  }
  CHECK_FALSE(fs::exists(list));
  CHECK(read_text(list.string() + ".old") == "list");
  CHECK(fs::exists(old));
  CHECK_FALSE(fs::exists(place.one));
}

TEST_CASE("volumes that do not fit are refused before any is created") {
  const TwoVolumes place;
  VolumeOutput output("a", {{place.one, std::uint64_t{1} << 60}, {place.two, 4}}, {}, {});
  const Error error = error_of([&] { output.reserve((std::uint64_t{1} << 60) + 4, Existing::Discard); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(fs::is_empty(place.directory.path()));
}

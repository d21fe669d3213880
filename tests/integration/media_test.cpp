#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// Archives on media that return something else than was written, and the log of what was right when.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

bool tells(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// apps.tar, and the same archive in volumes: set/apps.tar.001, ...
struct Stick {
  World world;
  Image image = make_image({.layers = {{.size = 500'000, .seed = 1}, {.size = 20'000, .seed = 2}}});
  Reference app = push_image(world.outside, "team/app", image, "v1");

  Stick() {
    fs::create_directory(at("set"));
    const Words source{"export", "-i", world.outside_ref("team/app"), "-o"};
    written = write(source, {"apps.tar", "--verify-medium", "--json"});
    volumes = write(source, {"set/apps.tar", "--volume-size", "100K", "--verify-medium"});
    content = read_text(at("apps.tar"));
  }
  std::string write(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  }
  [[nodiscard]] fs::path at(const std::string& name) const { return world.path(name); }
  [[nodiscard]] const std::pair<const Digest, std::string>& largest() const {
    return *std::ranges::max_element(image.blobs, {}, [](const auto& blob) { return blob.second.size(); });
  }
  /// Where the larger layer lies.
  [[nodiscard]] std::size_t layer() const {
    const std::string name = "blobs/sha256/" + std::string(largest().first.hex());
    return content.find(name + std::string(1, '\0')) + 512;
  }

  std::string written;
  std::string volumes;
  std::string content;
};

std::vector<Json> lines_of(const fs::path& log) {
  std::vector<Json> lines;
  for (const std::string& line : text::split(read_text(log), '\n')) {
    if (!line.empty()) lines.push_back(Json::parse(line, "line"));
  }
  return lines;
}

}  // namespace

TEST_CASE("--verify-medium reads an archive back, and names file and offset of bytes that differ") {
  if (lacks({"docker-registry"})) return;
  Stick stick;
  World& world = stick.world;
  CHECK(Json::parse(stick.written, "export").find("medium")->find("bytes") != nullptr);
  CHECK(tells(stick.volumes, "Read back from the medium itself"));
  for (const std::string name : {"apps.tar", "set", "set/apps.tar.002"}) {
    const std::string out = world.succeed({"verify", "--medium", name});
    CHECK(tells(out, " is whole"));
    CHECK(tells(out, "Read back from the medium itself"));
  }
  CHECK(tells(world.succeed({"split", "apps.tar", "--volume-size", "200K", "-o", "again.tar", "--verify-medium"}),
              "Read back"));
  CHECK(tells(world.succeed({"copy", "--tar", "apps.tar", "--to-tar", "copy.tar", "--verify-medium"}), "Read back"));

  // A stick whose capacity is false: what lies behind it is its beginning again.
  std::string wrapped = stick.content;
  const std::size_t from = (stick.layer() + 100'000) / 4096 * 4096;
  wrapped.replace(from, 65536, stick.content.substr(0, 65536));
  write_text(stick.at("apps.tar"), wrapped);
  std::string error = world.fail(10, {"verify", "--medium", "apps.tar"});
  INFO(error);
  CHECK(tells(error, stick.largest().first.hex()));
  CHECK(tells(error, text::cat("; it lies in apps.tar, offset ", stick.layer(), " to ",
                               stick.layer() + stick.largest().second.size())));
  CHECK(tells(error, text::cat("from offset ", from, " to ", from + 65536, " of apps.tar, 16 of ")));
  CHECK(tells(error, "from offset 0 of apps.tar on; a stick whose capacity is false"));
  CHECK(tells(error, "needed by"));

  // One volume has lost a part, another one a header.
  std::string volume = read_text(stick.at("set/apps.tar.003"));
  volume.replace(69632, 28672, std::string(28672, '\0'));
  write_text(stick.at("set/apps.tar.003"), volume);
  error = world.fail(10, {"verify", "--medium", "set"});
  INFO(error);
  CHECK(tells(error, "apps.tar.002, offset 0 to 102400 and set/apps.tar.003, offset 0 to 102400 and "));
  CHECK(tells(error, "from offset 69632 to 98304 of set/apps.tar.003, 7 of 25 blocks of 4096 bytes are empty"));

  CHECK(tells(world.fail(1, {"verify", "--medium", "set/none", "apps.tar", "--fingerprint", "00"}), "--fingerprint"));
  CHECK(tells(world.fail(1, {"export", "-i", world.outside_ref("team/app"), "-o", "-", "--verify-medium"}),
              "standard output"));
  fs::create_directory(stick.at("layout"));
  CHECK(run({.arguments = {"tar", "-C", "layout", "-xf", "copy.tar"}, .directory = world.path("")}).exit_code == 0);
  CHECK(tells(world.fail(1, {"verify", "--medium", "layout"}), "only a file or volumes"));
}

TEST_CASE("scrub writes a log line for each archive, and reports when a damaged archive was last whole") {
  if (lacks({"docker-registry"})) return;
  Stick stick;
  World& world = stick.world;
  const fs::path log = stick.at("scrub.log");
  CHECK(tells(world.succeed({"verify", "--scrub", "scrub.log", "apps.tar", "set"}), "set is whole"));
  std::vector<Json> lines = lines_of(log);
  REQUIRE(lines.size() == 2);
  const Json& first = lines.front();
  const std::string since = first.string_at("time");
  CHECK(since.size() == std::string("2026-11-29T22:15:03Z").size());
  CHECK(first.string_at("archive") == "apps.tar");
  CHECK(first.string_at("result") == "right");
  CHECK(first.string_at("fingerprint").starts_with("sha256:"));
  CHECK(lines.back().string_at("fingerprint") == first.string_at("fingerprint"));
  CHECK(*first.find("bytes")->as_int() == static_cast<std::int64_t>(stick.content.size()));

  // A run that the power has cut within its line, and one later.
  std::string torn = read_text(log);
  write_text(log, torn + "{\"time\":\"20");
  std::string rotten = stick.content;
  rotten[stick.layer() + 77] ^= 4;
  write_text(stick.at("apps.tar"), rotten);
  const std::string error = world.fail(10, {"verify", "--scrub", "scrub.log", "--medium", "apps.tar"});
  INFO(error);
  CHECK(tells(error, "; it was right "));
  CHECK(tells(error, since));
  CHECK(read_text(log).starts_with(torn + "{\"time\":\"20\n{"));
  torn = read_text(log);
  CHECK(tells(torn, "\"result\":\"damaged\",\"problem\":\"apps.tar: blobs/sha256/"));
  CHECK(tells(torn, "\"medium\":true"));
  // It was damaged before, too. The others are verified all the same.
  const std::string both = world.fail(10, {"verify", "--scrub", "scrub.log", "apps.tar", "set"});
  CHECK(tells(both, "1 of 2 archives are not right:"));
  CHECK_FALSE(tells(both, "it was right"));
  CHECK(std::ranges::count(read_text(log), '\n') == 6);

  // Not even its seal can be read: the path tells which it is.
  write_text(stick.at("set.log"), world.succeed({"version"}));
  CHECK(tells(world.fail(1, {"verify", "--scrub", "set.log", "set"}), "no scrub log"));
  CHECK(world.fail(22, {"verify", "--scrub", "scrub.log", "none.tar"}).size() > 0);
  CHECK(std::ranges::count(read_text(log), '\n') == 6);
  write_text(stick.at("apps.tar"), stick.content);
  world.succeed({"verify", "--scrub", "scrub.log", "apps.tar"});
  write_text(stick.at("apps.tar"), std::string(4096, 'x'));
  CHECK(tells(world.fail(13, {"verify", "--scrub", "scrub.log", "apps.tar"}), "; it was right on "));
}

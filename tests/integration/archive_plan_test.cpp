#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string_view>

#include "oci/json.hpp"
#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// Dry runs whose output is an archive: export, and copy --to-tar.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

bool says(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Two images that share a layer, and the words that export them, but for the file.
struct TwoImages {
  World world;
  Image app = make_image({.layers = {{.seed = 1}, {.size = 50'000, .seed = 100}}});
  Reference app_at = push_image(world.outside, "team/app", app, "v1");
  Reference tool_at = push_image(world.outside, "tools/tool",
                                 make_image({.layers = {{.seed = 2}, {.size = 50'000, .seed = 100}}}), "v1");

  [[nodiscard]] Words exporting(const std::string& file, const Words& more = {}) const {
    Words words{"export", world.outside_ref("team/app"), world.outside_ref("tools/tool"), "-o", file};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Json plan(const Words& words) {
    Words all = words;
    all.insert(all.end(), {"--dry-run", "--json"});
    return Json::parse(world.succeed(all), "plan");
  }
};

std::uint64_t blobs(const Json& plan, const std::string& name) {
  return static_cast<std::uint64_t>(*plan.find(name)->find("blobs")->as_int());
}
std::uint64_t count_of(const Json& object, const std::string& name) {
  return static_cast<std::uint64_t>(*object.find(name)->as_int());
}

/// Text without what depends on the hosts' names and the file system.
std::string same_everywhere(const std::string& text, const World& world) {
  std::string rest = timeless(text, world);
  rest = std::regex_replace(rest, std::regex("sha256:[0-9a-f]{12}\\b"), "sha256:SHORT");
  rest = std::regex_replace(rest, std::regex(" +SIZE"), " SIZE");
  rest = std::regex_replace(rest, std::regex("[0-9]+ bytes"), "N bytes");
  rest = std::regex_replace(rest, std::regex("\"largestFile\": [0-9a-z]+"), "\"largestFile\": ANY");
  return std::regex_replace(rest, std::regex("(\"bytes\": )[0-9]+"), "$1N");
}

/// Writes `text` without the part from `begin` on, which stays a hole or zeros.
void write_with_hole(const std::filesystem::path& path, const std::string& text, std::size_t begin, std::size_t size) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(begin));
  file.seekp(static_cast<std::streamoff>(begin + size));
  file.write(text.data() + begin + size, static_cast<std::streamsize>(text.size() - begin - size));
}

}  // namespace

TEST_CASE("a dry run of an export shows the plan as text and as JSON") {
  if (lacks({"docker-registry"})) return;
  TwoImages two;
  World& world = two.world;
  const std::string text = world.succeed(two.exporting("a.tar", {"--dry-run", "--rate", "1M"}));
  check_golden(FIXTURES "/golden/dry-run/export.txt", same_everywhere(text, world));
  const std::string json = world.succeed(two.exporting("a.tar", {"--dry-run", "--json"}));
  check_golden(FIXTURES "/golden/dry-run/export.json", same_everywhere(json, world));
}

TEST_CASE("a dry run of an export reports what an interrupted export left, blob by blob, and changes nothing") {
  if (lacks({"docker-registry"})) return;
  TwoImages two;
  World& world = two.world;
  world.succeed(two.exporting("whole.tar"));
  const std::string whole = read_text(world.path("whole.tar"));
  const std::string& layer = two.app.blobs.at(layers_of(two.app).back().digest);
  const std::size_t at = whole.find(layer);
  REQUIRE(at != std::string::npos);
  const std::uint64_t all = blobs(two.plan(two.exporting("a.tar")), "new");
  const std::filesystem::path partial = world.path("a.tar.partial");
  const auto check = [&](std::uint64_t fresh) {
    const std::string before = read_text(partial);
    const Json plan = two.plan(two.exporting("a.tar"));
    CHECK(blobs(plan, "new") == fresh);
    CHECK(blobs(plan, "there") == all - fresh);
    CHECK(read_text(partial) == before);
    const Json report = Json::parse(world.succeed(two.exporting("a.tar", {"--json"})), "report");
    CHECK(count_of(report, "blobsWritten") == fresh);
    CHECK(count_of(report, "blobsThere") == all - fresh);
    CHECK(read_text(world.path("a.tar")) == whole);
    std::filesystem::remove(world.path("a.tar"));
  };
  SUBCASE("a layer is missing") {
    write_with_hole(partial, whole, at, layer.size());
    check(1);
  }
  SUBCASE("a layer is damaged") {
    std::string damaged = whole;
    damaged[at + layer.size() / 2] ^= 1;
    write_text(partial, damaged);
    check(1);
  }
  SUBCASE("only the rename is missing") {
    write_text(partial, whole);
    check(0);
  }
  SUBCASE("the partial file is of another archive") {
    write_text(partial, whole.substr(0, whole.size() - 512));
    check(all);
  }
}

TEST_CASE("a dry run reports that an archive does not fit, with the reason, if the export would fail") {
  if (lacks({"docker-registry", "bash"})) return;
  TwoImages two;
  const auto limited = [&](const Words& words) {
    Program program = two.world.ociferry.program(words);
    const Words shell{"bash", "-c", "ulimit -f 20 && exec \"$@\"", "bash"};  // in KiB
    program.arguments.insert(program.arguments.begin(), shell.begin(), shell.end());
    return run(program);
  };
  CHECK(says(two.world.succeed(two.exporting("a.tar", {"--dry-run"})), "room"));
  const Outcome text = limited(two.exporting("a.tar", {"--dry-run"}));
  CHECK(text.exit_code == 0);
  CHECK(says(text.out, "DOES NOT FIT: "));
  const Json plan = Json::parse(limited(two.exporting("a.tar", {"--dry-run", "--json"})).out, "plan");
  CHECK(count_of(plan, "largestFile") == 20 * 1024);
  CHECK(says(text.out, plan.string_at("lackOfRoom")));
  const Outcome real = limited(two.exporting("a.tar"));
  CHECK(real.exit_code == 30);
  const std::string lack = plan.string_at("lackOfRoom");
  CHECK(says(real.err, lack.substr(0, lack.rfind(": "))));  // the rest is the place
}

TEST_CASE("copy --to-tar --dry-run reports the archive's exact size, from any source, and writes no file") {
  if (lacks({"docker-registry"})) return;
  TwoImages two;
  World& world = two.world;
  const Words from_registry{"copy", world.outside_ref("team/app"), "--to-tar", "app.tar"};
  const Json copied = two.plan(from_registry);
  CHECK_FALSE(std::filesystem::exists(world.path("app.tar")));
  world.succeed(from_registry);
  CHECK(count_of(copied, "archiveBytes") == std::filesystem::file_size(world.path("app.tar")));
  CHECK(blobs(two.plan(from_registry), "new") == 0);

  world.succeed({"export", world.outside_ref("tools/tool"), "-o", "tool.tar"});
  const Words joining{"copy", "--tar", "app.tar", "--tar", "tool.tar", "--to-tar", "both.tar"};
  const Json joined = two.plan(joining);
  CHECK_FALSE(std::filesystem::exists(world.path("both.tar")));
  CHECK(joined.find("archives")->as_array()->size() == 2);
  CHECK(blobs(joined, "shared") == 1);
  const Json report = Json::parse(
      world.succeed({"copy", "--tar", "app.tar", "--tar", "tool.tar", "--to-tar", "both.tar", "--json"}), "report");
  CHECK(count_of(joined, "archiveBytes") == std::filesystem::file_size(world.path("both.tar")));
  CHECK(joined.string_at("fingerprint") == report.string_at("fingerprint"));
  CHECK(blobs(joined, "new") == count_of(report, "blobsWritten"));
  CHECK(says(world.fail(1, {"copy", "--tar", "app.tar", "--to-tar", "a.tar.gz", "--dry-run"}), "compressed file"));
}

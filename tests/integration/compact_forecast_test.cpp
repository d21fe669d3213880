#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "gate.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// What a dry run tells of a compact archive, compared with what is written then.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

struct ForecastStage {
  World world;
  Words source{"export", "-i", world.outside_ref("team/app"), "-i", world.outside_ref("team/lib")};

  ForecastStage() {
    std::string rows;
    for (int i = 0; i < 40'000; ++i) rows += text::cat("row ", i * 7919 % 10'007, " of the library\n");
    write_text(world.path("lib/usr/rows"), rows);
    write_text(world.path("lib/usr/noise"), random_bytes(400'000, 1));
    write_text(world.path("app/usr/rows"), rows);
    write_text(world.path("app/usr/own"), random_bytes(100'000, 2));
    push("app", "v1");
    push("lib", "v1");
    world.succeed(with(source, {"-o", "plain.tar"}));
    world.succeed({"export", "-i", world.outside_ref("team/lib"), "-o", "older.tar"});
  }
  void push(const std::string& name, const std::string& tag) {
    world.succeed({"push", "-i", world.outside_ref("team/" + name, tag), "-f", name});
  }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Json json(const Words& words) { return Json::parse(world.succeed(with(words, {"--json"})), "a dry run"); }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(world.path(""))) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
};

ForecastStage& forecast_stage() {
  static ForecastStage stage;
  return stage;
}

std::int64_t at(const Json& object, std::string_view member, std::string_view which) {
  const Json* const between = object.find(member);
  REQUIRE(between != nullptr);
  return *between->find(which)->as_int();
}

}  // namespace

TEST_CASE("a dry run of compact estimates the size within a tenth, and writes nothing") {
  if (lacks({"docker-registry"})) return;
  ForecastStage& stage = forecast_stage();
  const auto before = stage.files();
  for (const Words& words : {Words{"compact", "plain.tar", "-o", "out.zst"},
                             Words{"compact", "plain.tar", "--since", "older.tar", "-o", "out.zst"}}) {
    CAPTURE(words.size());
    const Json told = stage.json(ForecastStage::with(words, {"--dry-run", "--cores", "4", "--rate", "1K"}));
    CHECK(*told.find("dryRun")->as_bool());
    CHECK(stage.files() == before);
    const Json& forecast = *told.find("compact");
    CHECK(*forecast.find("studied")->as_bool());
    CHECK(*forecast.find("cores")->as_int() == 4);
    const Json made = stage.json(words);
    const std::int64_t bytes = *made.find("compactBytes")->as_int();
    CHECK(at(forecast, "compactBytes", "least") <= bytes);
    CHECK(at(forecast, "compactBytes", "most") >= bytes);
    CHECK(at(forecast, "compactBytes", "most") <= bytes * 13 / 10);
    CHECK(at(forecast, "unpackedBytes", "least") == *made.find("unpackedBytes")->as_int());
    CHECK(*forecast.find("leftOut")->find("blobs")->as_int() == *made.find("blobsOfBase")->as_int());
    CHECK(at(forecast, "carryingSeconds", "most") == (at(forecast, "compactBytes", "most") + 1023) / 1024);
    CHECK(at(forecast, "makingSeconds", "most") >= at(forecast, "makingSeconds", "least"));
    CHECK(at(forecast, "roomBytes", "most") >= at(forecast, "compactBytes", "most"));
    CHECK(forecast.find("lackOfRoom")->is_null());
    fs::remove(stage.world.path("out.zst"));
  }
  const std::string text = stage.world.succeed(
      {"compact", "plain.tar", "-o", "out.zst", "--dry-run", "--volume-size", "256K", "--rate", "20M"});
  CHECK(contains(text, "Dry run: nothing is written\nCompact: "));
  CHECK(contains(text, "  volumes    "));
  CHECK(contains(text, "  room       enough\n"));
  CHECK(contains(text, " a second\n"));
  const Json fast = stage.json({"compact", "plain.tar", "-o", "out.zst", "--dry-run"});
  const Json small = stage.json({"compact", "plain.tar", "-o", "out.zst", "--dry-run", "--effort", "small"});
  CHECK(at(*small.find("compact"), "compactBytes", "most") < at(*fast.find("compact"), "compactBytes", "most"));
  CHECK(contains(stage.world.fail(1, {"compact", "plain.tar", "-o", "out.zst", "--cores", "2"}),
                 "--cores goes with --dry-run only"));
  CHECK(stage.files() == before);
}

TEST_CASE("a dry run of a compact export fetches no layer, and reports a range of sizes") {
  if (lacks({"docker-registry"})) return;
  ForecastStage& stage = forecast_stage();
  World& world = stage.world;
  const auto before = stage.files();
  const Words dry = ForecastStage::with(stage.source, {"-o", "out.zst", "--dry-run"});
  const auto plain = static_cast<std::int64_t>(fs::file_size(world.path("plain.tar")));
  world.outside.forget_requests();
  const Json told = stage.json(ForecastStage::with(dry, {"--compact", "--cores", "2", "--rate", "1M"}));
  std::size_t blobs = 0;
  for (const LoggedRequest& request : world.outside.requests()) blobs += contains(request.path, "/blobs/") ? 1 : 0;
  CHECK(blobs <= 2);  // configurations
  CHECK(*told.find("archiveBytes")->as_int() == plain);
  const Json& all = *told.find("compact");
  CHECK_FALSE(*all.find("studied")->as_bool());
  CHECK(at(all, "compactBytes", "least") > plain * 35 / 100);
  CHECK(at(all, "compactBytes", "most") < plain * 70 / 100);
  CHECK(at(all, "roomBytes", "least") == plain + at(all, "compactBytes", "least"));

  const Json layer = stage.json({"inspect", "older.tar"});
  const Json since = stage.json(ForecastStage::with(dry, {"--since", "older.tar"}));
  const Json& update = *since.find("compact");
  CHECK(*update.find("leftOut")->find("blobs")->as_int() == 1);
  const std::int64_t left_out = *update.find("leftOut")->find("bytes")->as_int();
  CHECK(left_out > 400'000);
  CHECK(left_out < *layer.find("archiveBytes")->as_int());
  CHECK(at(update, "compactBytes", "most") < at(all, "compactBytes", "most"));
  CHECK(at(update, "compactBytes", "least") < at(all, "compactBytes", "least") / 4);

  const std::string text = world.succeed(ForecastStage::with(dry, {"--compact=small", "--volume-size", "256K"}));
  CHECK(contains(text, "That is the plain archive, which is written first, and removed at the end\nCompact: usually "));
  CHECK(contains(text, "  volumes    "));
  CHECK_FALSE(contains(text, ".001"));  // of the plain archive
  CHECK(
      contains(world.fail(1, ForecastStage::with(dry, {"--cores", "2"})), "--cores goes with --dry-run of a compact"));
  CHECK(stage.files() == before);

  // Where there is no room for both.
  Program program = world.ociferry.program(
      ForecastStage::with(stage.source, {"-o", "tiny/out.zst", "--dry-run", "--compact", "--json"}));
  program.arguments.insert(program.arguments.begin(),
                           {"unshare", "--map-root-user", "--mount", "sh", "-c",
                            "mkdir -p tiny; mount -t tmpfs -o size=100k tmpfs tiny || exit 77; exec \"$@\"", "sh"});
  const Outcome outcome = run(program);
  if (outcome.exit_code == 77) {
    MESSAGE("skipped: nothing can be mounted here");
    return;
  }
  CHECK(outcome.exit_code == 0);
  const Json small = Json::parse(outcome.out, "a dry run");
  CHECK(contains(*small.find("compact")->find("lackOfRoom")->as_string(), "it takes "));
}

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// Dry runs: they write nothing, and the real run does what they say.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

namespace fs = std::filesystem;

Image two_layer_image(std::uint64_t seed) { return make_image({.layers = {{.seed = seed}, {.seed = 100}}}); }

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::uint64_t number(const Json& object, const std::string& name) {
  return static_cast<std::uint64_t>(*object.find(name)->as_int());
}
std::uint64_t number(const Json& object, const std::string& name, const std::string& inner) {
  return number(*object.find(name), inner);
}

std::set<std::string> files(const World& world) {
  std::set<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(world.ociferry.home())) all.insert(entry.path().string());
  return all;
}

/// Text without what depends on the hosts' names, which are in lock files.
std::string comparable(const std::string& text, const World& world) {
  std::string rest = timeless(text, world);
  rest = std::regex_replace(rest, std::regex("sha256:[0-9a-f]{12}\\b"), "sha256:SHORT");
  rest = std::regex_replace(rest, std::regex(" +SIZE"), " SIZE");
  rest = std::regex_replace(rest, std::regex("time +[0-9]+ s"), "time N s");
  return std::regex_replace(rest, std::regex("(\"(bytes|least|most)\": )[0-9]+"), "$1N");
}

/// What a run has written, by the access log of the registry inside.
struct Written {
  std::uint64_t uploads = 0;
  std::uint64_t mounts = 0;
  std::uint64_t manifests = 0;

  explicit Written(RegistryServer& registry) {
    for (const LoggedRequest& request : registry.requests()) {
      if (request.status != 201) continue;
      const bool is_blob = contains(request.path, "/blobs/uploads/");
      if (request.method == "PUT") ++(is_blob ? uploads : manifests);
      // A mount of what the repository itself has only asks whether it is there.
      const auto repository = request.path.substr(4, request.path.find("/blobs/") - 4);
      if (request.method == "POST" && !contains(request.path, "from=" + escaped(repository))) ++mounts;
    }
  }
  static std::string escaped(const std::string& path) {
    std::string all;
    for (const char c : path) all += c == '/' ? "%2F" : std::string(1, c);
    return all;
  }
};

/// Every tag in the plan, as "repository:tag".
std::map<std::string, Json> tags_of(const Json& plan) {
  std::map<std::string, Json> all;
  for (const Json& repository : *plan.find("repositories")->as_array()) {
    for (const Json& tag : *repository.find("tags")->as_array()) {
      all.emplace(repository.string_at("repository") + ":" + tag.string_at("tag"), tag);
    }
  }
  return all;
}

Json dry_run(World& world, const Words& words) {
  world.inside.forget_requests();
  const auto before = files(world);
  const Json plan = Json::parse(world.succeed(words + Words{"--dry-run", "--json"}), "plan");
  CHECK(writes(world.inside).empty());
  CHECK(files(world) == before);
  return plan;
}

/// Runs `words` and compares what that does with what a dry run has said. Returns the plan.
Json check_plan(World& world, const Words& words) {
  Json plan = dry_run(world, words);
  world.inside.forget_requests();
  const Json report = Json::parse(world.succeed(words + Words{"--json"}), "report");
  const Written written(world.inside);
  const std::uint64_t maybe = number(plan, "mountOrUpload", "blobs");
  CHECK(written.mounts <= maybe);
  CHECK(written.uploads ==
        number(plan, "upload", "blobs") + number(plan, "locationsUpload", "blobs") + maybe - written.mounts);
  CHECK(number(report, "blobsWritten") + number(report, "blobsMounted") == number(plan, "upload", "blobs") + maybe);
  CHECK(number(report, "blobsThere") <= number(plan, "there", "blobs"));  // it counts only those that it asks for
  const std::uint64_t moved = number(report, "bytesWritten");
  CHECK(moved >= number(plan, "upload", "bytes"));
  CHECK(moved <= number(plan, "upload", "bytes") + number(plan, "mountOrUpload", "bytes"));
  CHECK(number(report, "manifestsWritten") == number(plan, "manifests"));
  CHECK(written.manifests == number(plan, "manifests") + number(plan, "attached"));
  std::set<std::string> moves;
  for (const auto& [name, tag] : tags_of(plan)) {
    const auto colon = name.rfind(':');
    const auto slash = name.find('/');
    CHECK(digest_of(world.inside, name.substr(slash + 1, colon - slash - 1), name.substr(colon + 1)) ==
          tag.string_at("to"));
    if (tag.string_at("change") == "moves") moves.insert(name + tag.string_at("from"));
  }
  std::set<std::string> told;
  for (const Json& tag : *report.find("movedTags")->as_array()) {
    told.insert(tag.string_at("repository") + ":" + tag.string_at("tag") + tag.string_at("from"));
  }
  CHECK(moves == told);
  return plan;
}

/// A bundle of two images in repositories of their own, one of them signed in two ways, and a later version of it, in
/// archives.
struct Versions {
  World world;
  Reference app = push_image(world.outside, "team/app", two_layer_image(1), "v1");
  Reference tool = push_image(world.outside, "tools/tool", two_layer_image(2), "v1");

  Versions() {
    push_image(world.outside, "team/app", make_signature(), "sha256-" + std::string(app.digest->hex()) + ".sig");
    const Image bill = make_artifact("application/vnd.example.sbom", "all of it", two_layer_image(1).descriptor);
    push_image(world.outside, "team/app", bill);
    push_image(world.outside, "team/app", make_index({bill}), "sha256-" + std::string(app.digest->hex()));
    world.push_bundle("bundles/all", {app, tool});
    world.succeed({"export", "-b", world.outside_ref("bundles/all"), "-o", "v1.tar"});
    const Reference newer = push_image(world.outside, "team/app", two_layer_image(3), "v2");
    world.push_bundle("bundles/all", {newer, tool});
    world.succeed({"export", "-b", world.outside_ref("bundles/all"), "-o", "v2.tar"});
  }
};

}  // namespace

TEST_CASE("an import does what its dry run says: at first, for a newer version, and when nothing is left to do") {
  if (lacks({"docker-registry"})) return;
  Versions versions;
  World& world = versions.world;
  const Words to{"--to-repo", world.inside_repo("dest"), "--lock-output", "lock.yml", "--mapping-output", "names.json"};
  const Json first = check_plan(world, Words{"import", "v1.tar"} + to);
  CHECK(number(first, "upload", "blobs") > 0);
  CHECK(number(first, "there", "blobs") == 0);
  CHECK(number(first, "locations") == 1);
  CHECK(number(first, "attached") == 1);
  const Json newer = check_plan(world, Words{"import", "v2.tar"} + to);
  CHECK(number(newer, "there", "blobs") > 0);
  CHECK(tags_of(newer).at(world.inside_repo("dest") + ":v1").string_at("change") == "moves");
  const Json again = check_plan(world, Words{"import", "v2.tar"} + to);
  CHECK(number(again, "manifests") == 0);
  CHECK(number(again, "upload", "blobs") + number(again, "locationsUpload", "blobs") == 0);
  CHECK(tags_of(again).at(world.inside_repo("dest") + ":v1").string_at("change") == "equal");
  check_plan(world, Words{"import", "v2.tar", "--recheck"} + to);
}

TEST_CASE("a dry run reports blobs of other repositories as mounted or uploaded, and the import does that") {
  if (lacks({"docker-registry"})) return;
  Versions versions;
  World& world = versions.world;
  const Json named = check_plan(world, {"import", "v1.tar", "--to-registry", world.inside.host() + "/mirror"});
  CHECK(named.find("repositories")->as_array()->size() == 3);
  CHECK(number(named, "mountOrUpload", "blobs") > 0);
  const Json copied = check_plan(
      world, {"copy", "-b", world.inside.host() + "/mirror/bundles/all:v1", "--to-repo", world.inside_repo("copied")});
  CHECK(number(copied, "mountOrUpload", "blobs") > 0);
  const Json from_outside =
      check_plan(world, {"copy", "-b", world.outside_ref("bundles/all"), "--to-repo", world.inside_repo("other")});
  CHECK(number(from_outside, "mountOrUpload", "blobs") == 0);
}

TEST_CASE("a dry run's output is short, as text and JSON, and has the time at a given rate") {
  if (lacks({"docker-registry"})) return;
  Versions versions;
  World& world = versions.world;
  world.succeed({"import", "v1.tar", "--to-repo", world.inside_repo("dest")});
  const Words words{"import", "v2.tar", "--to-repo", world.inside_repo("dest"), "--dry-run", "--rate", "1K"};
  check_golden(FIXTURES "/golden/dry-run/import.txt", comparable(world.succeed(words), world));
  check_golden(FIXTURES "/golden/dry-run/import.json", comparable(world.succeed(words + Words{"--json"}), world));
  const Words named{"import", "v2.tar", "--to-registry", world.inside.host(), "--dry-run"};
  check_golden(FIXTURES "/golden/dry-run/import-by-name.txt", comparable(world.succeed(named), world));
}

TEST_CASE("a dry run fails as the import would: with --keep-tags, a lock file that cannot be written, wrong options") {
  if (lacks({"docker-registry"})) return;
  Versions versions;
  World& world = versions.world;
  const std::string to = world.inside_repo("dest");
  world.succeed({"import", "v1.tar", "--to-repo", to});
  const Words words{"import", "v2.tar", "--to-repo", to, "--keep-tags"};
  world.inside.forget_requests();
  const std::string planned = world.fail(24, words + Words{"--dry-run"});
  CHECK(contains(planned, "--keep-tags forbids moving tags"));
  CHECK(planned == world.fail(24, words));
  CHECK(writes(world.inside).empty());
  CHECK(contains(world.fail(1, {"import", "v2.tar", "--to-repo", to, "--rate", "1M"}), "--rate goes with --dry-run"));
  CHECK(contains(world.fail(1, {"import", "v2.tar", "--to-repo", to, "--dry-run", "--rate", "fast"}), "not a size"));
  const Words unwritable{"import", "v2.tar", "--to-repo", to, "--lock-output", "no/such/directory/lock.yml"};
  CHECK(world.fail(22, unwritable + Words{"--dry-run"}) == world.fail(22, unwritable));
}

TEST_CASE("a dry run of export makes no file, fetches no layer, and knows the archive's size to the byte") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "team/app", two_layer_image(1), "v1");
  push_image(world.outside, "tools/tool", two_layer_image(2), "v1");
  const Words words{"export", "-i",   world.outside_ref("team/app"), "-i", world.outside_ref("tools/tool"),
                    "-o",     "a.tar"};
  world.succeed({"version"});  // makes the home directory
  const auto before = files(world);
  world.outside.forget_requests();
  const Json plan = Json::parse(world.succeed(words + Words{"--dry-run", "--json", "--rate", "1K"}), "plan");
  CHECK(files(world) == before);
  for (const Image& image : {two_layer_image(1), two_layer_image(2)}) {
    for (const Descriptor& layer : layers_of(image)) {
      for (const LoggedRequest& request : world.outside.requests()) CHECK(!contains(request.path, layer.digest.text()));
    }
  }
  CHECK(number(plan, "shared", "blobs") == 1);
  CHECK(plan.find("largestLayers")->as_array()->size() == 3);
  CHECK(plan.find("lackOfRoom")->is_null());
  CHECK(contains(world.succeed(words + Words{"--dry-run"}), "Largest layers:"));
  const Json report = Json::parse(world.succeed(words + Words{"--json"}), "report");
  CHECK(number(plan, "archiveBytes") == fs::file_size(world.path("a.tar")));
  CHECK(plan.string_at("fingerprint") == report.string_at("fingerprint"));
  CHECK(number(plan, "new", "blobs") == number(report, "blobsWritten"));
  CHECK(number(plan, "new", "bytes") == number(report, "bytesWritten"));
  const Json again = Json::parse(world.succeed(words + Words{"--dry-run", "--json"}), "plan");
  CHECK(number(again, "new", "blobs") == 0);
  CHECK(number(again, "there", "blobs") == number(plan, "new", "blobs"));
}

TEST_CASE("a registry that goes away after the dry run is a network error, and leaves all as it was") {
  if (lacks({"docker-registry"})) return;
  Versions versions;
  World& world = versions.world;
  const std::string to = world.inside_repo("dest");
  world.succeed({"import", "v1.tar", "--to-repo", to});
  const auto tags = World::tags(world.inside, "dest");
  const std::string before = digest_of(world.inside, "dest", "v1");
  const Words words{"import", "v2.tar", "--to-repo", to, "--lock-output", "lock.yml", "--registry-retry-count", "0"};
  const Json plan = dry_run(world, words);
  CHECK(number(plan, "manifests") > 0);
  const auto all = files(world);
  world.inside.stop();
  const std::string error = world.fail(23, words);
  CHECK(contains(error, world.inside.host()));
  CHECK(files(world) == all);
  world.inside.start();
  CHECK(World::tags(world.inside, "dest") == tags);
  CHECK(digest_of(world.inside, "dest", "v1") == before);
  check_plan(world, words);
}

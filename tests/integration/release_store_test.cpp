#include <doctest/doctest.h>

#include <filesystem>
#include <string_view>

#include "oci/json.hpp"
#include "releases.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Archives as a store of releases: merge, rm and add. Whatever they write, an export of the same content would have
// written.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// What the dry run of a command says.
Json planned(World& world, Words words) {
  words.emplace_back("--dry-run");
  return Json::parse(world.succeed(words), "plan");
}

/// Members of a dry run that the report of the command itself has, too.
void check_as_planned(const Json& plan, const Json& report, std::vector<std::string> members) {
  members.insert(members.end(), {"archive", "archiveBytes", "fingerprint", "bundles", "referrers"});
  for (const std::string& member : members) {
    INFO(member);
    REQUIRE(plan.find(member) != nullptr);
    REQUIRE(report.find(member) != nullptr);
    CHECK(plan.find(member)->dump() == report.find(member)->dump());
  }
}

}  // namespace

TEST_CASE("merge writes what an export of all images would write, byte for byte, also over one of its inputs") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  const std::string tool = store.at("tools/tool", "v2");
  store.save({store.at("bundles/two"), tool, store.at("tools/tool", "latest"), store.at("team/multi")}, "all.tar");
  store.save({store.at("bundles/two"), store.at("team/multi")}, "a.tar");
  store.save({store.at("bundles/one"), tool}, "b.tar");
  store.save({store.at("tools/tool", "latest")}, "c.tar");
  store.save({store.at("bundles/one"), store.at("bundles/two"), tool, store.at("tools/tool", "latest"),
              store.at("team/multi")},
             "all-and-one.tar");
  world.outside.forget_requests();
  const std::string told = world.succeed({"merge", "c.tar", "a.tar", "b.tar", "-o", "merged.tar"});
  CHECK(store.same("merged.tar", "all-and-one.tar"));
  CHECK(told.find("From c.tar: 1 image (0 bundles)") != std::string::npos);
  CHECK(told.find("Wrote 7 images (2 bundles, 1 referrer) to merged.tar: ") != std::string::npos);
  world.succeed({"merge", "a.tar", "b.tar", "c.tar", "--exclude", "*/one:v1", "-o", "part.tar"});
  CHECK(store.same("part.tar", "all.tar"));
  world.succeed({"merge", "a.tar", "c.tar", "b.tar", "-o", "a.tar"});
  CHECK(store.same("a.tar", "all-and-one.tar"));
  CHECK(world.outside.requests().empty());
  const Json plan =
      Json::parse(world.succeed({"merge", "b.tar", "c.tar", "-o", "d.tar", "--dry-run", "--json"}), "plan");
  CHECK(*plan.find("archiveBytes")->as_int() > 0);
  CHECK_FALSE(std::filesystem::exists(world.path("d.tar")));
  const Json json = Json::parse(world.succeed({"merge", "b.tar", "c.tar", "-o", "d.tar", "--json"}), "report");
  CHECK(json.string_at("archive") == "d.tar");
  CHECK(json.find("archives")->as_array()->size() == 2);
}

TEST_CASE("rm leaves what an export of the rest would write, byte for byte, for every form of the image's name") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  const Words all{store.at("bundles/one"), store.at("bundles/two"), store.at("tools/tool", "v2"),
                  store.at("tools/tool", "latest"), store.at("team/multi")};
  store.save(all, "all.tar");
  struct Row {
    Words removed;
    Words left;
  };
  const std::string multi_digest = store.index.digest->text();
  const std::vector<Row> rows{
      {{store.at("bundles/two")}, {all[0], all[2], all[3], all[4]}},
      {{"bundles/two:v1"}, {all[0], all[2], all[3], all[4]}},
      {{store.at("bundles/one")}, {all[1], all[2], all[3], all[4]}},  // the other bundle has it
      {{"latest"}, {all[0], all[1], all[2], all[4]}},                 // one of two names
      {{store.tool.digest->text()}, {all[0], all[1], all[4]}},        // both names
      {{multi_digest.substr(0, 20)}, {all[0], all[1], all[2], all[3]}},
      {{multi_digest.substr(7, 12)}, {all[0], all[1], all[2], all[3]}},  // with its signature
      {{"two", "tool", "multi@" + multi_digest}, {all[0]}},
  };
  for (const Row& row : rows) {
    INFO(row.removed.front());
    store.save(row.left, "expected.tar");
    world.outside.forget_requests();
    Words words{"rm", "all.tar"};
    words.insert(words.end(), row.removed.begin(), row.removed.end());
    words.insert(words.end(), {"-o", "rest.tar"});
    world.succeed(words);
    CHECK(store.same("rest.tar", "expected.tar"));
    CHECK(world.outside.requests().empty());
    std::filesystem::remove(world.path("expected.tar"));
    std::filesystem::remove(world.path("rest.tar"));
  }
}

TEST_CASE("rm reports what it removed and what others still need, and writes in place") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("bundles/two"), store.at("team/web"), store.at("team/multi")}, "a.tar");
  store.save({store.at("bundles/two")}, "two.tar");
  const std::string web = world.outside.host() + "/team/web@" + store.web.digest->text();
  const Words rm{"rm", "a.tar", "web:v1", "multi", "-o"};
  Words elsewhere = rm;
  elsewhere.insert(elsewhere.end(), {"b.tar", "--json"});
  const Json plan = planned(world, elsewhere);
  CHECK_FALSE(std::filesystem::exists(world.path("b.tar")));
  const Json json = Json::parse(world.succeed(elsewhere), "report");
  CHECK(json.string_at("archive") == "b.tar");
  check_as_planned(plan, json, {"removed", "gone", "stillThere", "images"});
  CHECK(*plan.find("blobsGone")->as_int() > 0);
  CHECK(*plan.find("bytesBefore")->as_int() ==
        static_cast<std::int64_t>(std::filesystem::file_size(world.path("a.tar"))));
  CHECK(*plan.find("bytesBefore")->as_int() - *plan.find("archiveBytes")->as_int() > *plan.find("bytesGone")->as_int());
  CHECK(json.find("removed")->as_array()->size() == 2);
  CHECK(json.find("gone")->as_array()->size() == 2);  // the index and its signature
  const Json& still = json.find("stillThere")->as_array()->front();
  CHECK(still.string_at("image") == web);
  CHECK(still.find("neededBy")->as_array()->size() == 2);

  Words in_place = rm;
  in_place.emplace_back("a.tar");
  Words dry_run = in_place;
  dry_run.emplace_back("--dry-run");
  const std::string before = read_text(world.path("a.tar"));
  const std::string would = world.succeed(dry_run);
  CHECK(would.starts_with("Dry run: nothing is written\n"));
  CHECK(would.find("Would remove " + store.at("team/multi") + "\n") != std::string::npos);
  CHECK(would.find("Stays, since others need it: " + web + "\n") != std::string::npos);
  CHECK(would.find(" would go: the archive shrinks by ") != std::string::npos);
  CHECK(read_text(world.path("a.tar")) == before);
  const std::string told = world.succeed(in_place);
  CHECK(told.find("Removed " + store.at("team/multi") + "\n") != std::string::npos);
  CHECK(told.find("Stays, since others need it: " + web + "\n") != std::string::npos);
  CHECK(told.find("Wrote 4 images (2 bundles) to a.tar: ") != std::string::npos);
  CHECK(store.same("a.tar", "two.tar"));
  CHECK(store.same("b.tar", "two.tar"));
}

TEST_CASE("rm refuses unknown names, needed images and an empty rest, and changes no file") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("bundles/one"), store.at("tools/tool", "v2"), store.at("team/multi")}, "a.tar");
  const std::string before = read_text(world.path("a.tar"));
  const auto refused = [&](const Words& images, const Words& output = {"-o", "a.tar"}) {
    Words words{"rm", "a.tar"};
    words.insert(words.end(), images.begin(), images.end());
    words.insert(words.end(), output.begin(), output.end());
    const std::string told = world.fail(1, words);
    CHECK(read_text(world.path("a.tar")) == before);
    return told;
  };
  CHECK(contains(refused({"team/mutli:v1"}), "did you mean '" + store.at("team/multi") + "'?"));
  CHECK(contains(refused({"nothing-alike"}), "the archive has no 'nothing-alike', but:\n  - "));
  const std::string several = refused({"v1"});
  CHECK(contains(several, "'v1' is several images:"));
  CHECK(contains(several, store.at("team/multi")));
  const std::string listed = refused({"team/web"});
  CHECK(contains(listed, "was not requested, but is there because of others:"));
  CHECK(contains(listed, world.outside.host() + "/bundles/one@" + store.one.digest->text()));
  CHECK(contains(refused({"one", "tool", "multi"}), "nothing would be left"));
  CHECK(contains(refused({}), "No image to remove"));
  CHECK(contains(refused({"one"}, {}), "output"));
  write_text(world.path("notes.txt"), "mine");
  CHECK(contains(refused({"one"}, {"-o", "notes.txt"}), "--force"));
  CHECK(read_text(world.path("notes.txt")) == "mine");
}

TEST_CASE("rm removes a damaged layer with its image, and refuses to copy one that stays") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("team/web"), store.at("team/job")}, "a.tar");
  store.save({store.at("team/job")}, "job.tar");
  std::string bytes = read_text(world.path("a.tar"));
  const std::string layer = layers_of(released(2)).back().digest.text();
  const std::string member = "blobs/sha256/" + layer.substr(7);
  const auto header = bytes.rfind(member);
  REQUIRE(header != std::string::npos);
  bytes[header + 512 + 100] = static_cast<char>(bytes[header + 512 + 100] ^ 1);
  write_text(world.path("a.tar"), bytes);
  CHECK(contains(world.fail(10, {"rm", "a.tar", "job", "-o", "b.tar"}), layer));
  CHECK_FALSE(std::filesystem::exists(world.path("b.tar")));
  std::filesystem::remove(world.path("b.tar.partial"));
  world.succeed({"rm", "a.tar", "web", "-o", "b.tar"});
  CHECK(store.same("b.tar", "job.tar"));
}

TEST_CASE("add writes what an export of all would write, and fetches only blobs that the archive lacks") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("bundles/one")}, "one.tar");
  store.save({store.at("bundles/one"), store.at("bundles/two"), store.at("team/multi")}, "all.tar");
  world.outside.forget_requests();
  const Words add{"add", "one.tar", store.at("bundles/two"), "-i", store.at("team/multi"), "-o"};
  Words elsewhere = add;
  elsewhere.insert(elsewhere.end(), {"new.tar", "--json"});
  const Json plan = planned(world, elsewhere);
  CHECK_FALSE(std::filesystem::exists(world.path("new.tar")));
  CHECK(plan.find("bytesFetched") != nullptr);
  world.outside.forget_requests();
  const Json report = Json::parse(world.succeed(elsewhere), "report");
  CHECK(store.same("new.tar", "all.tar"));
  std::size_t fetched = 0;
  for (const LoggedRequest& request : world.outside.requests()) {
    if (request.method != "GET" || !contains(request.path, "/blobs/")) continue;
    ++fetched;
    for (const Image& image : {released(2), released(3)}) {
      for (const auto& [digest, content] : image.blobs) CHECK_FALSE(contains(request.path, digest.text()));
    }
  }
  CHECK(fetched == static_cast<std::size_t>(*report.find("blobsFetched")->as_int()));
  CHECK(fetched > 0);
  check_as_planned(plan, report, {"blobsFetched", "bytesFetched", "images"});

  Words in_place = add;
  in_place.emplace_back("one.tar");
  CHECK(contains(world.succeed(in_place), " that one.tar lacked: "));
  CHECK(store.same("one.tar", "all.tar"));
  world.outside.forget_requests();
  world.succeed(in_place);  // nothing is new
  CHECK(store.same("one.tar", "all.tar"));
  for (const LoggedRequest& request : world.outside.requests()) CHECK_FALSE(contains(request.path, "/blobs/"));
}

TEST_CASE("add leaves the archive unchanged if a tag has moved, or something is missing") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("team/web")}, "a.tar");
  const std::string before = read_text(world.path("a.tar"));
  push_image(world.outside, "team/web", released(9), "v1");
  const std::string moved = world.fail(1, {"add", "a.tar", store.at("team/web"), "-o", "a.tar"});
  CHECK(contains(moved, store.at("team/web") + " is " + store.web.digest->text() + " in a.tar, but sha256:"));
  static_cast<void>(world.fail(22, {"add", "a.tar", store.at("team/none"), "-o", "a.tar"}));
  CHECK(contains(world.fail(1, {"add", "a.tar", "-o", "a.tar"}), "Nothing to add"));
  CHECK(contains(world.fail(1, {"add", "a.tar", store.at("team/job")}), "output"));
  CHECK(read_text(world.path("a.tar")) == before);
}

TEST_CASE("merge joins a delta with its base, and rm and ls refuse a delta without its base") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Releases store;
  World& world = store.world;
  store.save({store.at("bundles/one")}, "one.tar");
  store.save({store.at("bundles/two"), store.at("team/multi")}, "full.tar");
  world.succeed({"export", store.at("bundles/two"), store.at("team/multi"), "--have", "one.tar", "-o", "delta.tar"});
  CHECK(contains(world.fail(11, {"rm", "delta.tar", "multi", "-o", "rest.tar"}), "--base FILE"));
  CHECK(contains(world.fail(11, {"ls", "delta.tar", "web"}), "--base FILE"));
  CHECK_FALSE(std::filesystem::exists(world.path("rest.tar")));
  world.succeed({"merge", "delta.tar", "--base", "one.tar", "-o", "merged.tar"});
  CHECK(store.same("merged.tar", "full.tar"));
}

TEST_CASE("called as imgpkg there are no commands merge, rm, add, ls, cat and extract") {
  const World world;
  for (const char* command : {"merge", "rm", "add", "ls", "cat", "extract"}) {
    std::filesystem::path link = world.path("imgpkg");
    if (!std::filesystem::exists(link)) std::filesystem::create_symlink(OCIFERRY_BINARY, link);
    const Outcome outcome = run({.arguments = {link.string(), command, "a.tar"}});
    CHECK(outcome.exit_code == 1);
    CHECK(contains(outcome.err, "does not accept extra arguments"));
  }
}

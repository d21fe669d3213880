#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>

#include "layout/sealed/archive_reader.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// What copies do beyond moving everything: tags after repositories, mounts, archives that are there already.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::size_t count(RegistryServer& registry, const std::string& method, const std::string& path_part) {
  const auto requests = registry.requests();
  return static_cast<std::size_t>(std::ranges::count_if(requests, [&](const LoggedRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  }));
}

bool has_tag(const RegistryServer& registry, const std::string& repository, const std::string& tag) {
  return std::ranges::count(World::tags(registry, repository), tag) == 1;
}

/// An image and a bundle of it, outside.
struct DetailSource {
  World world;
  Image image = make_image({.layers = {{.size = 60'000, .seed = 1}, {.size = 50'000, .seed = 2}}});
  Reference app = push_image(world.outside, "apps/simple-app", image, "v1");
  Reference bundle = world.push_bundle("bundles/one", {app});

  [[nodiscard]] std::string from() const { return world.outside_ref("bundles/one"); }
  /// How often the outer registry was asked for one of the image's layers.
  std::size_t layer_reads() {
    std::size_t reads = 0;
    for (const Descriptor& layer : layers_of(image)) reads += count(world.outside, "GET", layer.digest.text());
    return reads;
  }
};

}  // namespace

TEST_CASE("an archive is written behind a link, and never in place of a device or a pipe") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  const auto stick = temp_directory();
  std::filesystem::create_symlink(stick.path() / "real.tar", world.path("link.tar"));
  for (const char* run : {"a link to nothing yet", "a link to the archive"}) {
    INFO(run);
    world.succeed({"copy", "-b", source.from(), "--to-tar", "link.tar"});
    CHECK(std::filesystem::is_symlink(world.path("link.tar")));
    CHECK(std::filesystem::is_regular_file(stick.path() / "real.tar"));
  }
  std::filesystem::create_symlink("circle", world.path("circle"));
  world.fail(1, {"export", "-b", source.from(), "-o", "circle"});

  REQUIRE(::mkfifo(world.path("pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/dev/null", world.path("null"));
  for (const char* output : {"pipe", "null", "/dev/null"}) {
    INFO(output);
    const std::string error = world.fail(1, {"export", "-b", source.from(), "-o", output});
    CHECK(error.find("device or a pipe") != std::string::npos);
  }
  CHECK(std::filesystem::is_fifo(world.path("pipe")));
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("contradictory flags of copy are refused before any request") {
  if (lacks({"docker-registry"})) return;
  World world;
  std::vector<Row> rows = {
      {.arguments = {"copy", "-b", "{R}", "--to-repo", "{I}/to-a", "--resume"},
       .err = "Error: Flag --resume can only be used when copying to tar\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--repo-based-tags"},
       .err = "Error: --repo-based-tags goes with --to-repo only\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-repo",
                     "{I}/to-a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
       .err = "must be a repository, without tag or digest\n"},
      {.arguments = {"import", "a.tar", "--to-repo", "{I}/to-a:v1"},
       .err = "must be a repository, without tag or digest\n"},
  };
  for (const char* concurrency : {"--concurrency=0", "--concurrency=-1", "--jobs=0"}) {
    for (const Words& command :
         {Words{"copy", "-b", "{R}", "--to-repo", "{I}/to-a"}, Words{"copy", "-b", "{R}", "--to-tar", "a.tar"},
          Words{"export", "-b", "{R}", "-o", "a.tar"}, Words{"import", "a.tar", "--to-repo", "{I}/to-a"},
          Words{"pull", "-b", "{R}", "-o", "out"}}) {
      Row row{.arguments = command, .err = "must be at least 1"};
      row.arguments.emplace_back(concurrency);
      rows.push_back(row);
    }
  }
  for (Row& row : rows) {
    row.name = row.arguments.front() + " " + row.arguments.back();
    row.exit_code = 1;
  }
  check_rows(world, rows);
  CHECK(world.outside.requests().empty());
  CHECK(world.inside.requests().empty());
}

TEST_CASE("--repo-based-tags names images after the repositories they come from, through an archive too") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  world.succeed({"export", "-b", source.from(), "-o", "a.tar"});
  world.succeed({"copy", "-b", source.from(), "--to-repo", world.inside_repo("copied"), "--repo-based-tags",
                 "--concurrency", "1000"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("imported"), "--repo-based-tags"});
  world.succeed({"copy", "--tar", "a.tar", "--to-repo", world.inside_repo("from-tar"), "--repo-based-tags"});
  for (const std::string repository : {"copied", "imported", "from-tar"}) {
    CAPTURE(repository);
    CHECK(has_tag(world.inside, repository, "apps-simple-app-" + image_tag(*source.app.digest)));
    CHECK(has_tag(world.inside, repository, "bundles-one-" + image_tag(*source.bundle.digest)));
    CHECK(has_tag(world.inside, repository, "v1"));
    CHECK(has_tag(world.inside, repository, locations_tag(*source.bundle.digest)));
    CHECK(World::tags(world.inside, repository).size() == 5);  // and the locations image's own
  }
  world.inside.forget_requests();
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("imported"), "--repo-based-tags"});
  CHECK(writes(world.inside).empty());
  // The other kind of tags is put where everything but them is there.
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("plain")});
  world.inside.forget_requests();
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("plain"), "--repo-based-tags"});
  CHECK(writes(world.inside, "/blobs/").empty());
  CHECK(writes(world.inside).size() == 2);
}

TEST_CASE("a copy of an index within one registry moves no blob") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image amd = make_image({.layers = {{.size = 70'000, .seed = 1}}});
  const Image arm = make_image({.layers = {{.size = 70'000, .seed = 2}}, .platform = {"linux", "arm64", "", ""}});
  push_image(world.outside, "apps/multi", make_index({amd, arm}), "v1");
  world.outside.forget_requests();
  const std::string to = world.outside.host() + "/copied";
  const std::string said = world.succeed({"copy", "--tty", "-i", world.outside_ref("apps/multi"), "--to-repo", to});
  CHECK(said.find("mounted 4 blobs") != std::string::npos);
  CHECK(count(world.outside, "PUT", "/blobs/") == 0);
  CHECK(count(world.outside, "PATCH", "/blobs/") == 0);
  for (const Image& image : {amd, arm}) {
    CHECK(count(world.outside, "GET", layers_of(image).front().digest.text()) == 0);
  }
  CHECK(has_tag(world.outside, "copied", "v1"));
}

TEST_CASE("import into the source's registry mounts blobs, without additional requests") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  world.succeed({"export", "-b", source.from(), "-o", "a.tar"});
  world.outside.forget_requests();
  const std::string said = world.succeed({"import", "a.tar", "--to-repo", world.outside.host() + "/back"});
  CHECK(said.find("mounted 5 blobs") != std::string::npos);
  const auto uploads = writes(world.outside, "/blobs/uploads/");
  // Five mounts, and for the two blobs of the locations image POST and PUT; the third POST may be followed by a trial.
  CHECK(uploads.size() <= 5 + 2 * 2 + 1);
  CHECK(count(world.outside, "PUT", "/back/blobs/uploads/") == 2);
  world.succeed({"pull", "-b", world.outside.host() + "/back:v1", "-o", "pulled"});
}

TEST_CASE("an export keeps a finished archive after checking it, and does not fetch again what a partial one has") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  const Words arguments = {"copy", "--tty", "-b", source.from(), "--to-tar", "a.tar", "--resume"};
  CHECK(world.succeed(arguments).find("Going to reuse") == std::string::npos);
  const std::string whole = read_text(world.path("a.tar"));
  const auto again = [&](const std::string& concurrency) {
    world.outside.forget_requests();
    Words words = arguments;
    words.insert(words.end(), {"--concurrency", concurrency});
    return world.succeed(words);
  };
  for (const std::string concurrency : {"1", "5"}) {
    CAPTURE(concurrency);
    CHECK(again(concurrency).find("Going to reuse 3 layers from the tar already in disk") != std::string::npos);
    CHECK(source.layer_reads() == 0);

    // One layer is damaged: only that one is fetched.
    const Digest damaged = layers_of(source.image).front().digest;
    const auto at = ArchiveReader(world.path("a.tar")).member(damaged).offset;
    std::string content = whole;
    content[at + 100] ^= 1;
    write_text(world.path("a.tar"), content);
    const std::string said = again(concurrency);
    CHECK(said.find("Going to reuse 2 layers") != std::string::npos);
    CHECK(source.layer_reads() == 1);
    CHECK(count(world.outside, "GET", damaged.text()) == 1);
    CHECK((read_text(world.path("a.tar")) == whole));
  }
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar.partial")));
}

TEST_CASE("a newer version is exported over an older one with only what is new fetched") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  world.succeed({"export", "-b", source.from(), "-o", "a.tar"});
  const Image more = make_image({.layers = {{.size = 60'000, .seed = 1}, {.size = 40'000, .seed = 3}}});
  const Reference second = push_image(world.outside, "apps/second", more, "v1");
  world.push_bundle("bundles/two", {source.app, second});
  world.outside.forget_requests();
  world.succeed({"export", "-b", world.outside_ref("bundles/two"), "-o", "a.tar"});
  CHECK(source.layer_reads() == 0);
  CHECK(count(world.outside, "GET", layers_of(more).back().digest.text()) == 1);
  world.succeed({"verify", "a.tar"});
  world.succeed({"export", "-b", world.outside_ref("bundles/two"), "-o", "b.tar"});
  CHECK((read_text(world.path("a.tar")) == read_text(world.path("b.tar"))));
}

TEST_CASE("a foreign file at the archive's name stays until the archive is there") {
  if (lacks({"docker-registry"})) return;
  DetailSource source;
  World& world = source.world;
  const std::string foreign = "manifest.json of another tool";
  write_text(world.path("a.tar"), foreign);
  const Digest lost = layers_of(source.image).front().digest;
  lose_blob(world.outside, lost);
  world.fail(1, {"copy", "-b", source.from(), "--to-tar", "a.tar", "--resume"});
  world.fail(11, {"copy", "-b", source.from(), "--to-tar", "a.tar", "--resume", "--force"});
  CHECK(read_text(world.path("a.tar")) == foreign);
  world.outside.stop();
  world.outside.start();
  push_image(world.outside, "apps/simple-app", source.image, "v1");
  world.succeed({"copy", "-b", source.from(), "--to-tar", "a.tar", "--resume", "--force"});
  world.succeed({"verify", "a.tar"});
}

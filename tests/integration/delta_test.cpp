#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string_view>

#include "layout/sealed/archive_reader.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

// Archives that leave out what their receivers have.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

bool mentions(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Image on_base(std::uint64_t seed) {
  return make_image({.layers = {{.size = 300'000, .seed = 71}, {.size = 5000, .seed = seed}}});
}

/// v1 and v2 of a bundle with a web server and a job, which stays as it is. old.tar has v1, full.tar v2, and delta.tar
/// what v2 has and old.tar has not: one layer.
struct Update {
  World world;
  Image web_v1 = on_base(72);
  Image web_v2 = on_base(73);
  Image job_image = on_base(74);
  Reference job = push_image(world.outside, "team/job", job_image, "v1");
  Reference bundle_v1 = world.push_bundle("team/all", {push_image(world.outside, "team/web", web_v1, "v1"), job});

  Update() {
    export_to("old.tar");
    world.push_bundle("team/all", {push_image(world.outside, "team/web", web_v2, "v2"), job});
    export_to("full.tar");
    export_to("delta.tar", {"--have", "old.tar"});
  }

  std::string export_to(const std::string& archive, const Words& more = {}) {
    Words words{"export", "-b", world.outside_ref("team/all"), "-o", archive};
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  }
  [[nodiscard]] Digest base_layer() const { return layers_of(web_v1).front().digest; }
  [[nodiscard]] Digest new_layer() const { return layers_of(web_v2).back().digest; }
  [[nodiscard]] Digest job_layer() const { return layers_of(job_image).back().digest; }
  [[nodiscard]] std::string bytes(const std::string& file) const { return read_text(world.path(file)); }
};

/// The files of a registry, which are named after what they hold, without what uploads leave behind.
std::set<std::string> state_of(const RegistryServer& registry) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(registry.data_directory())) {
    const std::string path = fs::relative(entry.path(), registry.data_directory()).string();
    if (entry.is_regular_file() && mentions(path, "/v2/") && !mentions(path, "_uploads")) files.insert(path);
  }
  return files;
}

std::uint64_t number_at(const Json& object, std::string_view key) {
  return static_cast<std::uint64_t>(*object.find(key)->as_int());
}

}  // namespace

TEST_CASE("a delta holds what is new, describes everything, and says what it builds on") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  ArchiveReader delta(world.path("delta.tar"));
  CHECK(delta.size_of(update.new_layer()));
  CHECK_FALSE(delta.size_of(update.base_layer()));
  CHECK_FALSE(delta.size_of(update.job_layer()));
  CHECK(fs::file_size(world.path("delta.tar")) + 300'000 < fs::file_size(world.path("full.tar")));

  const std::string old_fingerprint = sha256(ArchiveReader(world.path("old.tar")).plan().seal()).text();
  const std::string full_fingerprint = sha256(ArchiveReader(world.path("full.tar")).plan().seal()).text();
  for (const std::string command : {"inspect", "verify"}) {
    const Json report = Json::parse(world.succeed({command, "delta.tar", "--json"}), command);
    REQUIRE(report.find("delta"));
    const Json& told = *report.find("delta");
    CHECK(number_at(told, "leftOut") == 2);
    CHECK(number_at(told, "leftOutBytes") ==
          layers_of(update.web_v1).front().size + layers_of(update.job_image).back().size);
    CHECK(told.find("buildsOn")->as_array()->front().string_at("digest") == old_fingerprint);
    CHECK(told.string_at("fullFingerprint") == full_fingerprint);
    CHECK(number_at(told, "fullBytes") == fs::file_size(world.path("full.tar")));
    const std::string text = world.succeed({command, "delta.tar"});
    CHECK(mentions(text, "Leaves out 2 layers"));
    CHECK(mentions(text, "the archive with fingerprint " + old_fingerprint.substr(7, 4)));
  }
  const auto images_in = [&](const std::string& archive) {
    return *Json::parse(world.succeed({"inspect", archive, "--json"}), "report").find("images");
  };
  CHECK(images_in("delta.tar") == images_in("full.tar"));
  // No runtime is told to load what is not there.
  CHECK_FALSE(mentions(delta.plan().front.at(2).content, update.base_layer().hex()));
}

TEST_CASE("a delta is the same from the base archive and from its seal alone, and a dry run knows its size") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  write_text(world.path("seal.json"), ArchiveReader(world.path("old.tar")).plan().seal());
  const Json plan = Json::parse(world.succeed({"export", "-b", world.outside_ref("team/all"), "-o", "by-seal.tar",
                                               "--have", "seal.json", "--dry-run", "--json"}),
                                "plan");
  CHECK_FALSE(fs::exists(world.path("by-seal.tar")));
  update.export_to("by-seal.tar", {"--have", "seal.json"});
  CHECK(update.bytes("by-seal.tar") == update.bytes("delta.tar"));
  CHECK(number_at(plan, "archiveBytes") == fs::file_size(world.path("by-seal.tar")));
  CHECK(number_at(*plan.find("delta"), "leftOut") == 2);
  CHECK(mentions(world.fail(1, {"export", "-b", world.outside_ref("team/all"), "--have", "old.tar", "-o", "./old.tar"}),
                 "is read, and would be replaced by what is written"));
  // Whoever took a delta has also what it left out.
  update.export_to("next.tar", {"--have", "delta.tar"});
  CHECK_FALSE(ArchiveReader(world.path("next.tar")).size_of(update.base_layer()));
  CHECK_FALSE(ArchiveReader(world.path("next.tar")).size_of(update.new_layer()));
}

TEST_CASE("a base that has nothing in common with the update gives a full archive") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  push_image(world.outside, "team/other", make_image({.layers = {{.seed = 99}}}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/other"), "-o", "other.tar"});
  update.export_to("plain.tar", {"--have", "other.tar"});
  CHECK(update.bytes("plain.tar") == update.bytes("full.tar"));
}

TEST_CASE("an import of a delta gives the same registry as that of the full archive") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  RegistryServer other;
  for (const Words& to : {Words{"--to-repo", "/apps"}, Words{"--to-registry", ""}}) {
    for (const RegistryServer* registry : {&world.inside, &other}) {
      const std::string place = registry->host() + to[1];
      world.succeed({"import", "old.tar", to[0], place});
      const bool by_delta = registry == &world.inside;
      const std::string archive = by_delta ? "delta.tar" : "full.tar";
      world.succeed({"import", archive, to[0], place, "--dry-run"});
      const Json report = Json::parse(world.succeed({"import", archive, to[0], place, "--json"}), "report");
      CHECK(number_at(report, "bytesWritten") < 100'000);
      CHECK(mentions(world.succeed({"import", archive, to[0], place, "--recheck"}), "Nothing to do"));
    }
    CHECK(state_of(world.inside) == state_of(other));
  }
  world.succeed({"pull", "-b", world.inside_repo("apps:v1"), "-o", "pulled"});
}

TEST_CASE("import of a delta writes nothing if the destination lacks its base, and lists the missing blobs") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  const Words import{"import", "delta.tar", "--to-repo", world.inside_repo("apps")};
  Words dry_run = import;
  dry_run.emplace_back("--dry-run");
  for (const Words& words : {import, dry_run}) {
    const std::string error = world.fail(11, words);
    CHECK(mentions(error, "2 layers"));
    CHECK(mentions(error, update.base_layer().text()));
    CHECK(mentions(error, world.outside.host() + "/team/job@"));
    CHECK(mentions(error, "--base FILE"));
    CHECK(writes(world.inside).empty());
  }
  const std::string several = world.fail(11, {"import", "delta.tar", "--to-registry", world.inside.host()});
  CHECK(mentions(several, "/team/job, "));
  CHECK(mentions(several, "/team/web lack 2 layers"));
  CHECK_FALSE(mentions(several, "\\u{"));
  CHECK(writes(world.inside).empty());
  // One that has a part of it gets nothing, either.
  world.succeed(
      {"import", "old.tar", "-i", world.outside.host() + "/team/web", "--to-repo", world.inside_repo("apps")});
  world.inside.forget_requests();
  const std::string error = world.fail(11, import);
  CHECK(mentions(error, "1 layer"));
  CHECK(mentions(error, update.job_layer().text()));
  CHECK_FALSE(mentions(error, update.base_layer().text()));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("import of a delta names blobs that the destination lost since, or takes them from a base") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  world.succeed({"import", "old.tar", "--to-repo", world.inside_repo("apps")});
  lose_blob(world.inside, update.base_layer());
  world.inside.forget_requests();
  const Words import{"import", "delta.tar", "--to-repo", world.inside_repo("apps")};
  CHECK(mentions(world.fail(11, import), update.base_layer().text()));
  CHECK(writes(world.inside).empty());
  Words with_base = import;
  with_base.insert(with_base.end(), {"--base", "old.tar"});
  world.succeed(with_base);
  world.succeed({"import", "full.tar", "--to-repo", world.inside_repo("apps"), "--verify=full"});
}

TEST_CASE("layers of a delta are taken from archives of any format, by their digests") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  const std::string layout = world.path("layout").string();
  fs::create_directory(layout);
  REQUIRE(run({.arguments = {"tar", "xf", world.path("old.tar").string(), "-C", layout}}).exit_code == 0);
  world.succeed({"import", "delta.tar", "--base", "layout", "--to-repo", world.inside_repo("apps")});
  world.succeed({"pull", "-b", world.inside_repo("apps:v1"), "-o", "pulled"});
  // Not what a base lacks.
  world.succeed({"export", "-i", world.outside_ref("team/web", "v2"), "-o", "part.tar"});
  world.inside.forget_requests();
  const std::string error =
      world.fail(11, {"import", "delta.tar", "--base", "part.tar", "--to-repo", world.inside_repo("fresh")});
  CHECK(mentions(error, update.job_layer().text()));
  CHECK_FALSE(mentions(error, update.base_layer().text()));
  CHECK(writes(world.inside).empty());
}

TEST_CASE("join makes the full archive of a delta and its base, byte for byte") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  world.succeed({"copy", "--tar", "delta.tar", "--base", "old.tar", "--to-tar", "merged.tar"});
  CHECK(update.bytes("merged.tar") == update.bytes("full.tar"));
  // Several archives are as one, with the images of all: the delta may be any of them.
  const std::string web = world.outside.host() + "/team/web:";
  world.succeed({"export", "-i", web + "v1", "-o", "one.tar"});
  world.succeed({"export", "-i", web + "v2", "--have", "one.tar", "-o", "two.tar"});
  world.succeed({"export", "-i", web + "v1", "-i", web + "v2", "-o", "both.tar"});
  world.succeed({"copy", "--tar", "two.tar", "--tar", "one.tar", "--to-tar", "joined.tar"});
  CHECK(update.bytes("joined.tar") == update.bytes("both.tar"));
  world.succeed({"copy", "--tar", "one.tar", "--tar", "two.tar", "--to-tar", "joined.tar"});
  CHECK(update.bytes("joined.tar") == update.bytes("both.tar"));
  const std::string error = world.fail(11, {"copy", "--tar", "delta.tar", "--to-tar", "alone.tar"});
  CHECK(mentions(error, "2 layers"));
  CHECK(mentions(error, "--base FILE"));
  CHECK_FALSE(fs::exists(world.path("alone.tar")));
  CHECK(mentions(world.fail(1, {"copy", "-b", world.outside_ref("team/all"), "--base", "old.tar", "--to-tar", "x.tar"}),
                 "--base goes with --tar only"));
}

TEST_CASE("a delta of which any byte is damaged is refused before anything is written") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Update update;
  World& world = update.world;
  world.succeed({"import", "old.tar", "--to-repo", world.inside_repo("apps")});
  world.inside.forget_requests();
  const std::string good = update.bytes("delta.tar");
  const std::string seal = ArchiveReader(world.path("delta.tar")).plan().seal();
  const std::size_t begin = good.find(seal);
  for (const std::string part :
       {"leftOut\":[{\"digest\":\"sha256:", "\"requires\":[{\"kind\":\"archive\",\"digest\":\"sha256:",
        "\"full\":{\"fingerprint\":\"sha256:", "\"leftOutBytes\":", "\"in\":"}) {
    const std::size_t at = seal.find(part);
    REQUIRE(at != std::string::npos);
    std::string bad = good;
    char& byte = bad[begin + at + part.size()];
    byte = byte == '1' ? '2' : '1';
    write_text(world.path("bad.tar"), bad);
    static_cast<void>(world.fail(10, {"import", "bad.tar", "--to-repo", world.inside_repo("apps")}));
    CHECK(writes(world.inside).empty());
  }
}

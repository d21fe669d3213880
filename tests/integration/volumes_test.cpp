#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gate.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"
#include "volumes.hpp"

// Archives in volumes: what is written, and what is read, however the volumes lie about.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

Outcome shell(const World& world, const std::string& command) {
  return run({.arguments = {"sh", "-c", command}, .directory = world.path("")});
}

}  // namespace

TEST_CASE("volumes are parts of the archive, which coreutils and tar read") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  CHECK((set.joined() == set.plain()));
  CHECK(fs::file_size(set.at(set.volume(1))) == 100 * 1024);
  CHECK(shell(set.world, "cd set && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  CHECK(shell(set.world, "cat set/apps.tar.0* | cmp - plain.tar").exit_code == 0);
  const Outcome listed = shell(set.world, "cat set/apps.tar.* | tar t");
  CHECK(listed.exit_code == 0);
  CHECK(contains(listed.out, "oci-layout"));
  const Json list = Json::parse(read_text(set.at("set/apps.tar.volumes.json")), "list");
  const Json plain = Json::parse(set.world.succeed({"inspect", "plain.tar", "--json"}), "plain");
  CHECK(list.string_at("set") == plain.string_at("fingerprint"));
  CHECK(set.files().size() == list.find("volumes")->as_array()->size() + 2);
  for (const std::string name : {"set", "set/apps.tar.003", "set/apps.tar.001", "set/apps.tar.volumes.json"}) {
    CHECK(contains(set.world.succeed({"verify", name}), " is whole"));
    CHECK(contains(set.world.succeed({"inspect", name}), "team/app"));
  }
}

TEST_CASE("import of volumes equals that of the file, given any volume, the list or the archive's name") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  world.succeed({"import", "plain.tar", "--to-repo", world.inside_repo("from-file")});
  fs::create_directory(set.at("other"));
  for (const std::string name : {"apps.tar.002", "apps.tar.004"})
    fs::rename(set.at("set/" + name), set.at("other/" + name));
  world.succeed({"import", "other", "set", "--to-repo", world.inside_repo("from-two")});
  world.succeed(
      {"copy", "--tar", "set/apps.tar.001", "--volume-dir", "other", "--to-repo", world.inside_repo("by-dir")});
  for (const std::string name : {"from-two", "by-dir"}) {
    CHECK(digest_of(world.inside, name, "v1") == digest_of(world.inside, "from-file", "v1"));
    CHECK(World::tags(world.inside, name) == World::tags(world.inside, "from-file"));
  }
  const std::string twice = set.warnings(
      {"import", "other/apps.tar.002", "set/apps.tar.volumes.json", "--to-repo", world.inside_repo("from-file")});
  CHECK_FALSE(contains(twice, "is read once"));
}

TEST_CASE("missing, cut and damaged volumes are named before any work") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  fs::remove(set.at(set.volume(2)));
  fs::remove(set.at(set.volume(4)));
  const std::string error = set.refused(11);
  CHECK(contains(error, "volume 2 of 6 (apps.tar.002, 102400 bytes) is missing"));
  CHECK(contains(error, "volume 4 of 6 (apps.tar.004"));
  CHECK(contains(error, "--volume-dir"));
  fs::remove(set.at("set/apps.tar.volumes.json"));
  CHECK(contains(set.refused(11), "volume 4 of 6 (apps.tar.004"));
  fs::remove(set.at(set.volume(1)));
  CHECK(contains(world.fail(11, {"verify", "set/apps.tar.003"}), "neither apps.tar.001 nor apps.tar.volumes.json"));
  set.anew();  // the first
  fs::remove(set.at(set.volume(1)));
  CHECK(contains(set.refused(11), "volume 1 of 6 (apps.tar.001, 102400 bytes) is missing"));
  set.anew();  // cut short
  fs::resize_file(set.at(set.volume(3)), 1000);
  CHECK(contains(set.refused(10), "set/apps.tar.003 is cut short: it has 1000 of 102400 bytes"));
  set.anew();  // damaged in the middle of a layer: found when that is read
  std::string bytes = read_text(set.at(set.volume(3)));
  bytes[90'000] ^= 1;
  write_text(set.at(set.volume(3)), bytes);
  CHECK(contains(world.fail(10, {"verify", "set"}), "set/apps.tar.00"));
}

TEST_CASE("swapped, renamed, duplicate, stale and foreign volumes are reported") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  fs::rename(set.at(set.volume(2)), set.at("set/x"));
  fs::rename(set.at(set.volume(3)), set.at(set.volume(2)));
  fs::rename(set.at("set/x"), set.at(set.volume(3)));
  fs::rename(set.at(set.volume(5)), set.at("set/five.bin"));
  const std::string told = set.warnings({"verify", "set/five.bin"});
  CHECK(contains(told, "set/apps.tar.003 is volume 2, although its name is not apps.tar.002"));
  CHECK(contains(told, "set/five.bin is volume 5"));
  set.anew();  // doubled, and one too many
  fs::create_directory(set.at("copy"));
  fs::copy_file(set.at(set.volume(2)), set.at("copy/apps.tar.002"));
  fs::copy_file(set.at(set.volume(2)), set.at("set/apps.tar.007"));
  const std::string doubled = set.warnings({"verify", "set", "--volume-dir", "copy"});
  CHECK(contains(doubled, "volume 2 is there twice: set/apps.tar.002 is read, copy/apps.tar.002 is not"));
  CHECK(contains(doubled, "volume 2 is there twice: set/apps.tar.002 is read, set/apps.tar.007 is not"));
  fs::copy_file(set.at(set.volume(1)), set.at("copy/one.bin"));
  fs::copy_file(set.at(set.volume(3)), set.at("copy/other.tar.003"));  // of another set, by its name
  write_text(set.at("set/apps.tar.009"), "stale");
  const std::string renamed = set.warnings({"verify", "set", "--volume-dir", "copy"});
  CHECK(contains(renamed, "volume 1 is there twice: set/apps.tar.001 is read, copy/one.bin is not"));
  CHECK(contains(renamed, "set/apps.tar.009 is not of this set, which has 6 volumes"));
  CHECK_FALSE(contains(renamed, "other.tar.003"));
  set.anew();  // of another set
  push_image(world.outside, "team/app", make_image({.layers = {{.size = 500'000, .seed = 7}}}), "v1");
  fs::create_directory(set.at("new"));
  set.write("new/apps.tar", {"--volume-size", "100K"});
  fs::copy_file(set.at("new/apps.tar.003"), set.at(set.volume(3)), fs::copy_options::overwrite_existing);
  CHECK(contains(set.refused(10), "set/apps.tar.003 does not begin as volume 3 does: it is of another set"));
  set.anew();
  fs::copy_file(set.at("new/apps.tar.volumes.json"), set.at("set/apps.tar.volumes.json"),
                fs::copy_options::overwrite_existing);
  CHECK(contains(set.refused(11), "one of them is of another set, or of an older one"));
}

TEST_CASE("volumes are found without their list, by names and headers") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  fs::remove(set.at("set/apps.tar.volumes.json"));
  for (const std::string name : {"set", "set/apps.tar.001", "set/apps.tar.004"}) {
    CHECK(contains(set.world.succeed({"verify", name}), " is whole"));
  }
}

TEST_CASE("volumes of different sizes are found by headers without their list, or the unknown ones are reported") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "team/app", make_image({.layers = {{.size = 300'000, .seed = 1}, {.size = 310'000}}}),
             "v1");
  world.succeed({"export", "-i", world.outside_ref("team/app"), "-o", "plain.tar"});
  const std::string plain = read_text(world.path("plain.tar"));
  // The second volume is the middle of a layer, which no header tells; the third has the header of the next layer.
  const std::size_t header = plain.rfind("blobs/sha256/");
  REQUIRE(header > 300'000);
  const std::vector<std::size_t> begins{0, 102'400, 153'600, header + 5'120, header + 102'400, plain.size()};
  const auto write_all = [&](const std::vector<std::string>& names) {
    fs::remove_all(world.path("set"));
    fs::create_directory(world.path("set"));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) continue;
      write_text(world.path("set/" + names[i]), std::string_view(plain).substr(begins[i], begins[i + 1] - begins[i]));
    }
  };
  write_all({"a.001", "a.002", "a.003", "a.004", "a.005"});
  CHECK(contains(world.succeed({"verify", "set/a.003"}), " is whole"));
  write_all({"a.001", "a.002", "three", "a.004", "a.005"});
  const Outcome renamed = world.ociferry.run({"verify", "set/a.001"});
  CHECK(renamed.exit_code == 0);
  CHECK(contains(renamed.err, "set/three is volume 3, although its name is not a.003"));
  write_all({"a.001", "a.002", "", "a.004", "a.005"});
  CHECK(contains(world.fail(11, {"verify", "set"}),
                 "volume 3 of 5 (a.003, " + std::to_string(begins[3] - begins[2]) + " bytes) is missing"));
  write_all({"a.001", "a.002", "", "", "a.005"});
  const std::string two = world.fail(11, {"verify", "set"});
  CHECK(
      contains(two, "a.003 to a.004 are missing: " + std::to_string(begins[4] - begins[2]) + " bytes of the archive"));
  CHECK(contains(two, "or the list, a.volumes.json"));
  write_all({"a.001", "a.002", "a.003", "", ""});
  CHECK(contains(world.fail(11, {"verify", "set"}), "what follows volume 3, a.004 and maybe more, is missing"));
  // Without its name, the second volume is nothing but bytes.
  write_all({"a.001", "two", "a.003", "a.004", "a.005"});
  CHECK(
      contains(world.fail(11, {"verify", "set"}),
               "volume 2 of 5 (a.002, 51200 bytes) is missing: set/two has its size, and holds only the middle of one "
               "layer, which tells nothing: if it is this volume, rename it to a.002"));
  write_all({"a.001", "two", "", "a.004", "a.005"});
  CHECK(contains(world.fail(11, {"verify", "set"}), "; set/two may be a.002: it holds only the middle of one layer"));
}

TEST_CASE("join restores what split divided, for any names and order of the volumes") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  world.succeed({"join", "set/apps.tar.volumes.json", "-o", "joined.tar"});
  CHECK((read_text(set.at("joined.tar")) == set.plain()));
  fs::create_directory(set.at("again"));
  const Json split = Json::parse(
      world.succeed({"split", "joined.tar", "--volume-size", "100K", "-o", "again/apps.tar", "--json"}), "split");
  CHECK(split.find("volumes")->as_array()->size() == 6);
  CHECK(set.files("again") == set.files());
  for (const std::string& name : set.files())
    CHECK((read_text(set.at("again/" + name)) == read_text(set.at("set/" + name))));
  fs::create_directory(set.at("large"));
  world.succeed({"split", "set", "--volume-size", "200K", "-o", "large/apps.tar"});
  CHECK((set.joined("large/apps.tar") == set.plain()));
  world.succeed({"copy", "--tar", "plain.tar", "--to-tar", "large/other.tar", "--volume-size", "300K"});
  CHECK((set.joined("large/other.tar") == set.plain()));
  CHECK(contains(world.fail(1, {"verify", "large"}), "holds volumes of several archives"));
  CHECK(contains(world.fail(1, {"split", "plain.tar", "--volume-size", "1K", "-o", "large/a"}), "too small"));
}

TEST_CASE("a repeated export keeps, repairs or replaces a set of volumes, and leaves no stale ones") {
  if (lacks({"docker-registry"})) return;
  Volumes set;
  World& world = set.world;
  const auto written = fs::last_write_time(set.at(set.volume(1)));
  CHECK(contains(set.write("set/apps.tar", {"--volume-size", "100K"}), "already there from an earlier run"));
  CHECK(fs::last_write_time(set.at(set.volume(1))) == written);
  // Damage, and a lost list: the layers that are whole are not fetched again.
  fs::remove(set.at("set/SHA256SUMS"));
  set.write("set/apps.tar", {"--volume-size", "100K"});
  CHECK(shell(world, "cd set && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  fs::remove(set.at("set/apps.tar.volumes.json"));
  std::string bytes = read_text(set.at(set.volume(2)));
  bytes[90'000] ^= 1;
  write_text(set.at(set.volume(2)), bytes);
  set.write("set/apps.tar", {"--volume-size", "100K"});
  CHECK((set.joined() == set.plain()));
  // Fewer volumes: those that are too many go, with their sums; files of others stay.
  write_text(set.at("set/SHA256SUMS"), read_text(set.at("set/SHA256SUMS")) + std::string(64, 'a') + "  other-file\n");
  set.write("set/apps.tar", {"--volume-size", "300K"});
  CHECK(set.files() == std::vector<std::string>{"SHA256SUMS", "apps.tar.001", "apps.tar.002", "apps.tar.volumes.json"});
  CHECK((set.joined() == set.plain()));
  const std::string sums = read_text(set.at("set/SHA256SUMS"));
  CHECK(contains(sums, "other-file"));
  CHECK_FALSE(contains(sums, "apps.tar.003"));
  write_text(set.at("set/apps.tar.003"), "a file of the user");
  Words again = set.source;
  again.insert(again.end(), {"-o", "set/apps.tar", "--volume-size", "100K"});
  CHECK(contains(world.fail(1, again), "set/apps.tar.003 exists, and is not a volume"));
  again.back() = "300K";
  CHECK(contains(world.fail(1, again), "set/apps.tar.003 would look like a volume of this archive"));
  CHECK(read_text(set.at("set/apps.tar.003")) == "a file of the user");
}

TEST_CASE("a killed export in volumes leaves no complete set, and the same command resumes") {
  if (lacks({"docker-registry"})) return;
  World world;
  Gate source(world.outside.host());
  push_image(world.outside, "apps/big",
             make_image({.layers = {{.size = 2'000'000, .seed = 1}, {.size = 4'000'000, .seed = 2}}}), "v1");
  const Words words{"export", "-i", source.host() + "/apps/big:v1", "-o", "x.tar", "--volume-size", "1M",
                    "--jobs", "1"};
  source.hold_after(Gate::Way::ToClient, 5'000'000);  // one layer is there, and a part of the other
  Process process(world.ociferry.program(words));
  await("the middle of the export", [&] { return source.is_holding() || !process.running(); });
  REQUIRE(process.running());
  process.send_signal(SIGKILL);
  CHECK(process.wait().signal == SIGKILL);
  source.open();
  CHECK(fs::exists(world.path("x.tar.001.partial")));
  CHECK_FALSE(fs::exists(world.path("x.tar.001")));
  CHECK_FALSE(fs::exists(world.path("x.tar.volumes.json")));
  CHECK(contains(world.succeed(words), "already there from an earlier run"));
  CHECK_FALSE(fs::exists(world.path("x.tar.001.partial")));
  world.succeed({"verify", "x.tar.volumes.json"});
}

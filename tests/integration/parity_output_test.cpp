#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "oci/json.hpp"
#include "protected.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

// Which files parity is written to, which it replaces, and which never.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

TEST_CASE("parity depends on the archive only, not on its volumes, and replaces no other file") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string parity = read_text(set.at("set/plain.tar.parity"));
  Words planned = set.source;
  planned.insert(planned.end(), {"-o", "planned.tar", "--dry-run"});
  CHECK(has_part(world.succeed(planned), "parity     " + std::to_string(parity.size()) + " bytes more"));
  CHECK_FALSE(fs::exists(set.at("planned.tar")));
  planned.emplace_back("--json");
  CHECK(*Json::parse(world.succeed(planned), "plan").find("parityBytes")->as_int() ==
        static_cast<std::int64_t>(parity.size()));
  CHECK((read_text(set.at("set/apps.tar.parity.001")) + read_text(set.at("set/apps.tar.parity.002")) == parity));
  const Json told =
      Json::parse(world.succeed({"protect", "set/apps.tar.003", "--parity", "20%", "-o", "mine", "--json"}), "protect");
  CHECK((read_text(set.at("mine")) == parity));
  world.succeed({"protect", "set/apps.tar.003", "--parity", "20%", "-o", "mine"});
  CHECK((read_text(set.at("mine")) == parity));
  CHECK(*told.find("parity")->find("bytes")->as_int() == static_cast<std::int64_t>(parity.size()));
  // What other names held is gone: it would be read with the new one.
  world.succeed({"protect", "set/apps.tar.001", "--parity", "30%"});
  CHECK(fs::exists(set.at("set/apps.tar.parity")));
  CHECK_FALSE(fs::exists(set.at("set/apps.tar.parity.001")));
  world.succeed({"protect", "set/apps.tar.001", "--parity", "20%", "--volume-size", "64K"});
  CHECK_FALSE(fs::exists(set.at("set/apps.tar.parity")));
  CHECK(fs::exists(set.at("set/apps.tar.parity.003")));

  write_text(set.at("set/plain.tar.parity"), "a file of the user");
  const Words again{"protect", "set/plain.tar", "--parity", "20%"};
  CHECK(has_part(world.fail(1, again), "exists, and is not parity that ociferry wrote"));
  world.outside.forget_requests();
  Words words = set.source;
  words.insert(words.end(), {"-o", "set/plain.tar"});
  CHECK(has_part(world.fail(1, words), "exists, and is not parity that ociferry wrote"));
  CHECK(world.outside.requests().empty());
  CHECK(read_text(set.at("set/plain.tar.parity")) == "a file of the user");
  Words forced = again;
  forced.emplace_back("--force");
  world.succeed(forced);
  CHECK((read_text(set.at("set/plain.tar.parity")) == parity));

  // Parity of a damaged archive would repair nothing.
  set.damage("plain.tar", 300'000, 1);
  CHECK_FALSE(has_part(world.fail(10, {"protect", "set/plain.tar", "--parity", "30%"}), "parity"));
  CHECK((read_text(set.at("set/plain.tar.parity")) == parity));
  set.anew();
}

TEST_CASE("protect removes and replaces volumes of earlier parity only, not files with such names") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string parity = read_text(set.at("set/plain.tar.parity"));
  const Words one_file{"protect", "set/plain.tar", "--parity", "20%", "-o", "p"};
  Words volumes = one_file;
  volumes.insert(volumes.end(), {"--volume-size", "64K"});
  const std::string mine = "a file of the user";
  const auto stays = [&](const std::string& name) {
    CAPTURE(name);
    CHECK((read_text(set.at(name)) == mine));
  };
  for (const char* name : {"p.001", "p.002", "p.999", "p.007.partial"}) write_text(set.at(name), mine);
  world.succeed(one_file);
  for (const char* name : {"p.001", "p.002", "p.999", "p.007.partial"}) stays(name);
  CHECK((read_text(set.at("p")) == parity));

  // Under names that are to be written.
  for (const char* name : {"p.001", "p.002", "p.002.partial"}) {
    CAPTURE(name);
    for (const char* other : {"p.001", "p.002", "p.002.partial"}) fs::remove(set.at(other));
    write_text(set.at(name), mine);
    const std::string error = world.fail(1, volumes);
    CHECK_MESSAGE(has_part(error, std::string(name) + " exists, and is not parity that ociferry wrote"), error);
    CHECK_MESSAGE(has_part(error, "add --force to replace it"), error);
    stays(name);
    CHECK((read_text(set.at("p")) == parity));
  }
  // Behind the end of the earlier parity, or after a gap.
  fs::remove(set.at("p.002.partial"));
  world.succeed(volumes);
  CHECK_FALSE(fs::exists(set.at("p")));
  CHECK((read_text(set.at("p.001")) + read_text(set.at("p.002")) + read_text(set.at("p.003")) == parity));
  CHECK_FALSE(fs::exists(set.at("p.004")));
  write_text(set.at("p.004"), mine);
  write_text(set.at("p.006"), mine);
  world.succeed(volumes);
  const auto written = fs::last_write_time(set.at("p.001"));
  world.succeed(volumes);
  CHECK(fs::last_write_time(set.at("p.001")) == written);
  world.succeed(one_file);
  CHECK_FALSE(fs::exists(set.at("p.003")));
  for (const char* name : {"p.004", "p.006", "p.999", "p.007.partial"}) stays(name);

  write_text(set.at("p.002"), mine);
  Words forced = volumes;
  forced.emplace_back("--force");
  world.succeed(forced);
  CHECK((read_text(set.at("p.001")) + read_text(set.at("p.002")) + read_text(set.at("p.003")) == parity));
  for (const char* name : {"p.004", "p.006", "p.999", "p.007.partial"}) stays(name);
  world.succeed({"repair", "set/plain.tar", "--parity", "p.001", "-o", "new.tar"});
  CHECK((read_text(set.at("new.tar")) == set.original));
  // A damaged header does not make it somebody else's: there are others.
  std::string damaged = read_text(set.at("p.001"));
  damaged[100] ^= 1;
  write_text(set.at("p.001"), damaged);
  world.succeed(volumes);
  CHECK((read_text(set.at("p.001")) + read_text(set.at("p.002")) + read_text(set.at("p.003")) == parity));
  for (const char* name : {"p.004", "p.006", "p.999", "p.007.partial"}) stays(name);
}

TEST_CASE("split --parity leaves files alone that only have names of volumes, and their checksums") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  fs::create_directory(set.at("a"));
  fs::create_directory(set.at("b"));
  write_text(set.at("a/apps.tar.parity.002"), "mine");
  write_text(set.at("b/apps.tar.parity.003"), "mine");
  write_text(set.at("b/apps.tar.parity.003.partial"), "mine");
  const std::string line = std::string(sha256("mine").hex()) + "  apps.tar.parity.002\n";
  write_text(set.at("a/SHA256SUMS"), line);
  for (const Words& place :
       {Words{"a/apps.tar", "--volume-size", "300K"}, Words{"apps.tar", "--volume-size", "fit:a,b"}}) {
    Words words{"split", "set/plain.tar", "--parity", "20%", "-o"};
    words.insert(words.end(), place.begin(), place.end());
    words.emplace_back("--force");
    for (int time = 0; time < 2; ++time) {
      world.succeed(words);
      CHECK(read_text(set.at("a/apps.tar.parity.002")) == "mine");
      CHECK(read_text(set.at("b/apps.tar.parity.003")) == "mine");
      CHECK(read_text(set.at("b/apps.tar.parity.003.partial")) == "mine");
      CHECK(has_part(set.sums("a"), "apps.tar.parity.002: OK\n"));
    }
  }
}

TEST_CASE("what is read for parity or for a repair is never written to, by whatever name") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  fs::create_directories(set.at("links"));
  fs::create_symlink("../set/plain.tar", set.at("links/to.tar"));
  fs::create_hard_link(set.at("set/plain.tar"), set.at("hard"));
  fs::copy_file(set.at("set/plain.tar"), set.at("unfinished.partial"));
  fs::copy_file(set.at("set/plain.tar"), set.at("older"));
  const auto refused = [&](const std::string& archive, const std::string& output, const Words& more = {}) {
    CAPTURE(output);
    const auto before = set.files();
    for (const bool is_forced : {false, true}) {
      Words words{"protect", archive, "--parity", "20%", "-o", output};
      words.insert(words.end(), more.begin(), more.end());
      if (is_forced) words.emplace_back("--force");
      const std::string error = world.fail(1, words);
      CHECK_MESSAGE(has_part(error, "is read, and would be replaced by what is written"), error);
    }
    CHECK(set.files() == before);
    CHECK((read_text(set.at("set/plain.tar")) == set.original));
    CHECK((read_text(set.at("unfinished.partial")) == set.original));
  };
  refused("set/plain.tar", "set/plain.tar");
  refused("set/plain.tar", "links/../set//plain.tar");
  refused("set/plain.tar", set.at("set/plain.tar").string());
  refused("set/plain.tar", "links/to.tar");
  refused("links/to.tar", "set/plain.tar");
  refused("set/plain.tar", "hard");
  refused("unfinished.partial", "unfinished");
  refused("set/apps.tar.001", "set/apps.tar.004");
  refused("set/apps.tar.001", "set/apps.tar.volumes.json");
  refused("set/apps.tar.volumes.json", "set/apps.tar", {"--volume-size", "64K"});
  refused("set/plain.tar", "older", {"--base", "older"});
  world.succeed({"verify", "set/apps.tar.001"});

  // Parity that would be written over the archive that was exported just now.
  fs::create_symlink("new.tar", set.at("new.tar.parity"));
  Words words = set.source;
  words.insert(words.end(), {"-o", "new.tar", "--force"});
  CHECK(has_part(world.fail(1, words), "is read, and would be replaced by what is written"));
  CHECK((read_text(set.at("new.tar")) == set.original));

  fs::copy_file(set.at("set/plain.tar.parity"), set.at("p.partial"));
  const std::string parity = read_text(set.at("p.partial"));
  const std::string error = world.fail(1, {"repair", "set/plain.tar", "--parity", "p.partial", "-o", "p", "--force"});
  CHECK_MESSAGE(has_part(error, "p.partial is needed for the repair, which is never in place"), error);
  CHECK((read_text(set.at("p.partial")) == parity));
}

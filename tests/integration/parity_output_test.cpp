#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "oci/json.hpp"
#include "protected.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// Which files parity is written to, and which it replaces.

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

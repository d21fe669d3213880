#include <doctest/doctest.h>

#include "oci/json.hpp"
#include "rows.hpp"
#include "support/temp.hpp"

// Under which names archives are written, and how two people make sure that they have the same one.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kPrecious = "keys of the vault: do not lose\n";

struct OutputStage {
  World world;
  std::string image = world.outside.host() + "/apps/a:v1";

  OutputStage() { push_image(world.outside, "apps/a", make_image(), "v1"); }
};

std::string fingerprint_in(const std::string& text) {
  const std::string label = "Fingerprint: ";
  const auto at = text.find(label);
  if (at == std::string::npos) return "";
  return text.substr(at + label.size(), text.find('\n', at) - at - label.size());
}

}  // namespace

TEST_CASE("export replaces an archive always, and any other file only with --force") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  World& world = stage.world;
  for (const Words& command :
       {Words{"export", "-i", stage.image, "-o"}, Words{"copy", "-i", stage.image, "--to-tar"}}) {
    Words words = command;
    words.emplace_back("x.txt");
    write_text(world.path("x.txt"), kPrecious);
    world.outside.forget_requests();
    const std::string error = world.fail(1, words);
    CHECK(error.find("x.txt exists") != std::string::npos);
    CHECK(error.find("--force") != std::string::npos);
    CHECK(world.outside.requests().empty());
    CHECK(read_text(world.path("x.txt")) == kPrecious);
    words.emplace_back("--force");
    world.succeed(words);
    world.succeed({"verify", "x.txt"});
    words.pop_back();
    world.succeed(words);
    // One that is damaged behind its beginning is ours, too.
    std::string bytes = read_text(world.path("x.txt"));
    bytes.resize(bytes.size() - 2000);
    write_text(world.path("x.txt"), bytes);
    world.succeed(words);
    world.succeed({"verify", "x.txt"});
  }
  write_text(world.path("empty.tar"), "");
  world.succeed({"export", "-i", stage.image, "-o", "empty.tar"});
}

TEST_CASE("a foreign file with the name of a partial archive is not used as one") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  World& world = stage.world;
  write_text(world.path("a.tar.partial"), kPrecious);
  const std::string error = world.fail(1, {"export", "-i", stage.image, "-o", "a.tar"});
  CHECK(error.find("a.tar.partial") != std::string::npos);
  CHECK(read_text(world.path("a.tar.partial")) == kPrecious);
  world.succeed({"export", "-i", stage.image, "-o", "a.tar", "--force"});
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar.partial")));
}

TEST_CASE("names of compressed files are refused with the reason") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  World& world = stage.world;
  for (const std::string name : {"a.tar.gz", "a.tgz", "a.tar.zst"}) {
    CHECK(world.fail(1, {"export", "-i", stage.image, "-o", name}).find("plain tar") != std::string::npos);
    CHECK(world.fail(1, {"copy", "-i", stage.image, "--to-tar", name}).find("plain tar") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(world.path(name)));
  }
  CHECK(world.fail(1, {"copy", "-i", stage.image, "--to-repo", world.inside_repo("a"), "--force"})
            .find("--force goes with --to-tar only") != std::string::npos);
}

TEST_CASE("called as imgpkg, copy writes to any name and says nothing of fingerprints") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  World& world = stage.world;
  write_text(world.path("x.tgz"), kPrecious);
  const Outcome outcome = run_as(Name::Imgpkg, world, {"copy", "--tty", "-i", stage.image, "--to-tar", "x.tgz"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.find("done: file 'x.tgz'") != std::string::npos);
  CHECK(outcome.out.find("ingerprint") == std::string::npos);
  CHECK(read_text(world.path("x.tgz")) != kPrecious);
}

TEST_CASE("export, inspect and verify show the same fingerprint, and verify accepts it in several forms") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  World& world = stage.world;
  const std::string spoken = fingerprint_in(world.succeed({"export", "-i", stage.image, "-o", "a.tar"}));
  CHECK(spoken.size() == 39);
  CHECK(fingerprint_in(world.succeed({"inspect", "a.tar"})) == spoken);
  CHECK(fingerprint_in(world.succeed({"verify", "a.tar"})) == spoken);
  CHECK(fingerprint_in(world.succeed({"copy", "--tty", "--tar", "a.tar", "--to-tar", "b.tar"})) == spoken);
  const std::string whole =
      Json::parse(world.succeed({"inspect", "a.tar", "--json"}), "inspect").string_at("fingerprint");
  REQUIRE(whole.size() == 71);
  std::string noted;
  for (const char c : spoken) noted += c == '-' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& form : {spoken, noted, whole, whole.substr(7)}) {
    CHECK(world.succeed({"verify", "a.tar", "--fingerprint", form}).find("is whole") != std::string::npos);
  }

  push_image(world.outside, "apps/b", make_image(), "v1");
  world.succeed({"export", "-i", world.outside.host() + "/apps/b:v1", "-o", "other.tar"});
  const std::string error = world.fail(10, {"verify", "other.tar", "--fingerprint", spoken});
  CHECK(error.find("is not the expected archive") != std::string::npos);
  CHECK(error.find("is whole") == std::string::npos);
  world.fail(1, {"verify", "a.tar", "--fingerprint", spoken.substr(0, 19)});
  world.fail(1, {"verify", "a.tar", "--fingerprint", "the first one"});
  write_layout(make_image(), world.path("layout"), "v1");
  CHECK(world.fail(11, {"verify", "layout", "--fingerprint", spoken}).find("no fingerprint") != std::string::npos);
}

TEST_CASE("the time spent waiting for the disk is reported separately") {
  if (lacks({"docker-registry"})) return;
  OutputStage stage;
  for (const Words& words : {Words{"export", "-i", stage.image, "-o", "a.tar", "--json"},
                             Words{"copy", "-i", stage.image, "--to-tar", "b.tar", "--json"},
                             Words{"pull", "-i", stage.image, "-o", "c", "--json"}}) {
    CAPTURE(words.front());
    const Json json = Json::parse(stage.world.succeed(words), "result");
    const Json* const seconds = json.find("syncSeconds");
    REQUIRE(seconds != nullptr);
    REQUIRE(seconds->as_double() != nullptr);
    CHECK(*seconds->as_double() >= 0);
  }
}

#include <doctest/doctest.h>

#include "support/tar_builder.hpp"
#include "world.hpp"

// Limits of what an image may unpack to: met, named, and raised by the option that the message names.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::vector<std::string> kNeeded = {"docker-registry"};

Image image_with(const TarBuilder& tar) { return make_image({.layers = {{.tar = tar.tar()}}}); }

}  // namespace

TEST_CASE("a pull beyond a limit ends with 13 and names the limit, its value and the option that raises it") {
  if (lacks(kNeeded)) return;
  World world;
  const Image image = image_with(TarBuilder().file("a", std::string(3000, 'x')).file("b", ""));
  push_image(world.outside, "apps/app", image, "v1");
  const std::vector<std::string> pull = {"pull", "-i", world.outside_ref("apps/app"), "-o", "out"};
  const auto with = [&](const std::string& option, const std::string& value) {
    std::vector<std::string> words = pull;
    words.insert(words.end(), {option, value});
    return words;
  };
  const std::string too_many = world.fail(13, with("--max-members", "1"));
  CHECK(too_many.find("more members than 1, which is the limit") != std::string::npos);
  CHECK(too_many.find("--max-members") != std::string::npos);
  const std::string too_large = world.fail(13, with("--max-unpacked-size", "2999"));
  CHECK(too_large.find("more bytes than 2999, which is the limit") != std::string::npos);
  CHECK(too_large.find("--max-unpacked-size") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.path("out")));
  world.succeed(with("--max-members", "2"));
  world.fail(1, with("--max-unpacked-size", "much"));
}

TEST_CASE("the lock file of a bundle is looked for within the same limits") {
  if (lacks(kNeeded)) return;
  World world;
  world.push_bundle("bundles/empty", {});
  const std::string error =
      world.fail(13, {"export", "-b", world.outside_ref("bundles/empty"), "-o", "a.tar", "--max-members", "1"});
  CHECK(error.find("--max-members") != std::string::npos);
  world.succeed({"export", "-b", world.outside_ref("bundles/empty"), "-o", "a.tar"});
  world.fail(13, {"verify", "a.tar", "--max-members", "1"});
  world.succeed({"verify", "a.tar", "--max-members", "100"});
}

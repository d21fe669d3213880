#include <doctest/doctest.h>

#include "rows.hpp"
#include "support/temp.hpp"

// Which images go: references without options, lists of them, patterns, and names of an archive's images.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

Image small_image(std::uint64_t seed) { return make_image({.layers = {{.seed = seed}}}); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Two bundles that share an image, and one that is free, in a registry.
struct Shop {
  World world;
  Reference web = push_image(world.outside, "team/web", small_image(1), "v1");
  Reference shared = push_image(world.outside, "team/shared", small_image(2), "v1");
  Reference extra = push_image(world.outside, "tools/extra", small_image(3), "v1");
  Reference first = world.push_bundle("bundles/first", {web, shared});
  Reference second = world.push_bundle("bundles/second", {shared});
  std::string first_name = world.outside_ref("bundles/first");
  std::string second_name = world.outside_ref("bundles/second");
  std::string extra_name = world.outside_ref("tools/extra");

  [[nodiscard]] bool equal(const std::string& one, const std::string& other) const {
    return read_text(world.path(one)) == read_text(world.path(other));
  }
};

}  // namespace

TEST_CASE("references need no option: the manifest says whether it is a bundle or an image") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", "-b", shop.first_name, "-i", shop.extra_name, "-o", "options.tar"});
  world.succeed({"export", shop.extra_name, shop.first_name, shop.extra_name, "-o", "plain.tar"});
  CHECK(shop.equal("options.tar", "plain.tar"));
  world.succeed({"copy", shop.first_name, "--to-repo", world.inside_repo("dest")});
  CHECK(digest_of(world.inside, "dest", "v1") == shop.first.digest->text());
  world.succeed({"copy", shop.extra_name, "--to-tar", "copied.tar"});
  CHECK(contains(world.succeed({"inspect", "copied.tar"}), shop.extra.digest->text()));
}

TEST_CASE("a file in the place of a reference is an error that names the option for it") {
  if (lacks({"docker-registry"})) return;
  World world;
  for (const char* file : {"app.lock.yml", "app.tar", "images"}) write_text(world.path(file), "content");
  const std::string lock = world.fail(1, {"export", "app.lock.yml", "-o", "a.tar"});
  CHECK(contains(lock, "'app.lock.yml' is a file"));
  CHECK(contains(lock, "--lock app.lock.yml"));
  CHECK(contains(world.fail(1, {"export", "app.tar", "-o", "a.tar"}), "give an archive to copy, with --tar app.tar"));
  CHECK(contains(world.fail(1, {"export", "images", "-o", "a.tar"}), "--images-file images"));
  CHECK(contains(world.fail(1, {"copy", "app.tar", "--to-repo", world.inside_repo("x")}), "--tar app.tar"));
  const std::string second = world.fail(1, {"copy", "-i", world.outside_ref("a"), world.inside_repo("x")});
  CHECK(contains(second, "give it with --to-repo"));
  CHECK(world.outside.requests().empty());
}

TEST_CASE("a list of images exports what the same references do, however it was written") {
  if (lacks({"docker-registry", "skopeo"})) return;
  Shop shop;
  World& world = shop.world;
  world.succeed({"export", shop.first_name, shop.extra_name, "-o", "plain.tar"});
  write_text(world.path("images.txt"), "\xEF\xBB\xBF# what we need\r\n\r\n  " + shop.extra_name + "\t# a tool\r\n" +
                                           shop.first_name + "\r\n" + shop.extra_name);
  world.succeed({"export", "--images-file", "images.txt", "-o", "listed.tar"});
  CHECK(shop.equal("plain.tar", "listed.tar"));

  Program program = world.ociferry.program({"export", "--images-file", "-", shop.extra_name, "-o", "piped.tar"});
  program.input = shop.first_name + "\n";
  CHECK(run(program).exit_code == 0);
  CHECK(shop.equal("plain.tar", "piped.tar"));
}

TEST_CASE("what is wrong in a list of images is told with its line, before any registry is asked") {
  if (lacks({"docker-registry"})) return;
  World world;
  const auto refused = [&](const std::string& text) {
    write_text(world.path("images.txt"), text);
    return world.fail(1, {"export", "--images-file", "images.txt", "-o", "a.tar"});
  };
  CHECK(contains(refused("# one\nr.example/app:v1\nr.example/UPPER CASE\n"), "images.txt:3: 'r.example/UPPER CASE'"));
  CHECK(contains(refused("\n\nr.example/app:v1:v2\n"), "images.txt:3: "));
  CHECK(contains(refused("# nothing\n"), "images.txt lists no images"));
  CHECK(contains(refused("\xFF\xFEr"), "images.txt is text in UTF-16"));
  CHECK(contains(refused(std::string(17 * 1024 * 1024, '\n')), "images.txt is too large"));
  static_cast<void>(world.fail(22, {"export", "--images-file", "absent.txt", "-o", "a.tar"}));
  CHECK(contains(world.fail(1, {"export", "--images-file", "-", "--images-file", "-", "-o", "a.tar"}), "once only"));
  CHECK(world.outside.requests().empty());
}

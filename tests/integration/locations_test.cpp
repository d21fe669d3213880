#include <doctest/doctest.h>

#include <algorithm>

#include "bundle/bundle.hpp"
#include "oci/tag_names.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Where a bundle's images are looked for, with locations images made by hand.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr const char* kHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\n";

/// A locations image with these files in its one layer.
Image locations_image(const std::vector<std::pair<std::string, std::string>>& files) {
  TarBuilder tar;
  for (const auto& [name, content] : files) tar.file(name, content);
  return make_image({.family = ImageFamily::Docker, .layers = {{.tar = tar.tar()}}});
}

std::string seed_file(const Reference& image, const std::string& repository) {
  return seed_yaml({{to_string(Reference{image.name, {}, image.digest}), repository, false}});
}

std::string released_file(const Reference& image) {
  return std::string("---\n") + kHeader + "images:\n- image: " + to_string(Reference{image.name, {}, image.digest}) +
         "\n  isBundle: false\nkind: ImageLocations\n";
}

/// A bundle in the inner registry that some other tool brought there, with or without its image.
struct Brought {
  World world;
  Image image = make_image({.layers = {{.size = 3000, .seed = 1}}});
  Reference app = push_image(world.outside, "apps/app", image, "v1");
  Reference bundle = push_by_hand();

  Reference push_by_hand() const {
    const std::string lock = kHeader + std::string("kind: ImagesLock\nimages:\n- image: ") +
                             to_string(Reference{app.name, {}, app.digest}) + "\n";
    const Image made = make_image({.layers = {{.tar = TarBuilder().file(".imgpkg/images.yml", lock).tar()}},
                                   .labels = {{std::string(kBundleLabel), "true"}}});
    return push_image(world.inside, "dest", made, "v1");
  }

  void put_locations(const Image& locations) {
    push_image(world.inside, "dest", locations, locations_tag(*bundle.digest));
    world.inside.forget_requests();
    world.outside.forget_requests();
  }

  /// Pulls the bundle and returns where its lock says that the image is; standard error goes to `said`.
  RepositoryName pull() {
    const Outcome outcome = world.ociferry.run({"pull", "-b", world.inside_repo("dest") + ":v1", "-o", "pulled"});
    said = outcome.err;
    INFO(said);
    REQUIRE(outcome.exit_code == 0);
    const auto lock = ImagesLock::parse(read_text(world.path("pulled/.imgpkg/images.yml")));
    REQUIRE(lock.images.size() == 1);
    return lock.images.front().image.name;
  }

  [[nodiscard]] RepositoryName inner(const std::string& repository) const { return {world.inside.host(), repository}; }

  /// How often the inner registry was asked for the app's manifest in a repository.
  [[nodiscard]] long asked_for_app(const std::string& repository) {
    const auto requests = world.inside.requests();
    return std::ranges::count(requests, "/v2/" + repository + "/manifests/" + app.digest->text(), &LoggedRequest::path);
  }

  std::string said;
};

}  // namespace

TEST_CASE("a malformed or mismatched locations image is ignored with a warning") {
  if (lacks({"docker-registry"})) return;
  Brought brought;
  const Reference& app = brought.app;
  const Reference other{app.name, {}, brought.bundle.digest};
  const Reference renamed{{app.name.registry, "apps/renamed"}, {}, app.digest};
  const std::string seed = "images-locations.yml";
  const std::string good = seed_file(app, "elsewhere");
  const Image two_layers = make_image({.layers = {{.tar = TarBuilder().file(seed, good).tar()}, {.seed = 5}}});
  const auto replaced = [&](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  const std::vector<std::pair<std::string, Image>> unusable = {
      {"not YAML", locations_image({{seed, "images: [\n"}})},
      {"another kind", locations_image({{seed, replaced(good, "ImagesLocation", "ImagesLock")}})},
      {"another version", locations_image({{seed, replaced(good, "v1alpha1", "v9")}})},
      {"no such file", locations_image({{"something.yml", good}})},
      {"no images", locations_image({{seed, std::string(kHeader) + "kind: ImagesLocation\nimages: []\n"}})},
      {"another digest", locations_image({{seed, seed_file(other, "elsewhere")}})},
      {"another name", locations_image({{seed, seed_file(renamed, "elsewhere")}})},
      {"a repository that is a path upward", locations_image({{seed, seed_file(app, "../../etc")}})},
      {"a repository that names a registry", locations_image({{seed, seed_file(app, "evil.example:5000/x")}})},
      {"no layer of a tar", make_image({.layers = {{.tar = "this is no tar archive"}}})},
      {"two layers", two_layers},
      {"an index", make_index({locations_image({{seed, good}})})},
  };
  for (const bool image_is_there : {false, true}) {
    if (image_is_there) push_image(brought.world.inside, "dest", brought.image);
    for (const auto& one : unusable) {
      INFO(one.first << (image_is_there ? ", image there" : ", image elsewhere"));
      brought.put_locations(one.second);
      CHECK(brought.pull() == (image_is_there ? brought.inner("dest") : app.name));
      CHECK(brought.asked_for_app("dest") == (image_is_there ? 1 : 2));  // GET does not find it either
      CHECK(brought.asked_for_app("elsewhere") == 0);
      CHECK(brought.said.find("Warning: ignoring the locations image " + to_string(brought.bundle.name) + ":" +
                              locations_tag(*brought.bundle.digest)) != std::string::npos);
      brought.world.outside.forget_requests();
      const Outcome exported =
          brought.world.ociferry.run({"export", "-b", brought.world.inside_repo("dest") + ":v1", "-o", "a.tar"});
      INFO(exported.err);
      CHECK(exported.exit_code == 0);
      CHECK(exported.err.find("Warning: ignoring the locations image") != std::string::npos);
      CHECK(brought.world.outside.requests().empty() == image_is_there);
    }
  }
}

TEST_CASE("a locations image of the released format is used, and leads to the bundle's repository") {
  if (lacks({"docker-registry"})) return;
  Brought brought;
  brought.put_locations(locations_image({{"image-locations.yml", released_file(brought.app)}}));
  CHECK(brought.pull() == brought.inner("dest"));
  CHECK(brought.asked_for_app("dest") == 0);
  CHECK(brought.world.outside.requests().empty());
  CHECK(brought.said.find("Warning") == std::string::npos);
}

TEST_CASE("a locations image is used in every shape that imgpkg reads, and with OCI layers as well") {
  if (lacks({"docker-registry"})) return;
  Brought brought;
  const std::string seed = "images-locations.yml";
  const std::string released = "image-locations.yml";
  const std::string in_seed = seed_file(brought.app, "dest");
  const std::string in_released = released_file(brought.app);
  const std::string tar = TarBuilder().file(released, in_released).tar();
  const std::vector<std::pair<std::string, Image>> shapes = {
      {"both files, seed first", locations_image({{seed, in_seed}, {released, in_released}})},
      {"both files, seed last", locations_image({{released, in_released}, {seed, in_seed}})},
      {"seed alone", locations_image({{seed, in_seed}})},
      {"in a directory", locations_image({{"some/where/" + released, in_released}})},
      {"./ before the name", locations_image({{"./" + released, in_released}})},
      {"with other files", locations_image({{"README", "read me"}, {released, in_released}})},
      {"with a directory entry",
       make_image({.family = ImageFamily::Docker,
                   .layers = {{.tar = TarBuilder().directory("./").file(released, in_released).tar()}}})},
      {"OCI", make_image({.family = ImageFamily::Oci, .layers = {{.tar = tar}}})},
      {"not compressed",
       make_image({.family = ImageFamily::Docker, .layers = {{.compression = LayerCompression::None, .tar = tar}}})},
      {"zstd",
       make_image({.family = ImageFamily::Oci, .layers = {{.compression = LayerCompression::Zstd, .tar = tar}}})},
  };
  for (const auto& one : shapes) {
    INFO(one.first);
    brought.put_locations(one.second);
    CHECK(brought.pull() == brought.inner("dest"));
    CHECK(brought.asked_for_app("dest") == 0);
    CHECK(brought.said.find("Warning") == std::string::npos);
  }
}

TEST_CASE("a locations image that names another repository of the registry is used without a request there") {
  if (lacks({"docker-registry"})) return;
  Brought brought;
  const Image locations = locations_image({{"images-locations.yml", seed_file(brought.app, "kept/elsewhere")},
                                           {"image-locations.yml", released_file(brought.app)}});
  push_image(brought.world.inside, "kept/elsewhere", brought.image);
  brought.put_locations(locations);
  CHECK(brought.pull() == brought.inner("kept/elsewhere"));
  CHECK(brought.asked_for_app("kept/elsewhere") == 0);
  CHECK(brought.asked_for_app("dest") == 0);

  brought.world.outside.stop();
  brought.world.succeed({"export", "-b", brought.world.inside_repo("dest") + ":v1", "-o", "a.tar"});
  CHECK(brought.asked_for_app("kept/elsewhere") == 1);
  CHECK(brought.asked_for_app("dest") == 0);
  brought.world.succeed({"import", "a.tar", "--to-repo", brought.world.inside_repo("imported")});
  CHECK(brought.world.locations(brought.world.inside, "imported", *brought.bundle.digest) ==
        seed_file(brought.app, "imported"));
}

TEST_CASE("a recursive pull does not rewrite the lock file if a bundle is not where its locations say") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference inner = world.push_bundle("bundles/inner", {app});
  world.push_bundle("bundles/outer", {inner, app});
  world.succeed({"copy", "-b", world.outside_ref("bundles/outer"), "--to-repo", world.inside_repo("dest")});
  const std::string from = world.inside_repo("dest") + ":v1";
  world.succeed({"pull", "-r", "-b", from, "-o", "whole"});
  CHECK(read_text(world.path("whole/.imgpkg/images.yml")).find(world.inside.host()) != std::string::npos);
  REQUIRE(world.inside.request("DELETE", "/v2/dest/manifests/" + inner.digest->text()).status == 202);
  const Outcome outcome = world.ociferry.run({"pull", "-r", "-b", from, "-o", "partly", "--tty"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.find("is not in " + world.inside.host() + "/dest") != std::string::npos);
  CHECK(outcome.out.find("skipping lock file update") != std::string::npos);
  CHECK(read_text(world.path("partly/.imgpkg/images.yml")).find(world.inside.host()) == std::string::npos);
}

TEST_CASE("export and copy look in the other places for an image that is not where its locations say") {
  if (lacks({"docker-registry"})) return;
  Brought brought;
  brought.put_locations(locations_image({{"images-locations.yml", seed_file(brought.app, "kept/elsewhere")}}));
  brought.world.succeed({"export", "-b", brought.world.inside_repo("dest") + ":v1", "-o", "a.tar"});
  CHECK(brought.asked_for_app("kept/elsewhere") == 1);
  CHECK(brought.asked_for_app("dest") == 1);
  CHECK_FALSE(brought.world.outside.requests().empty());
  brought.world.succeed(
      {"copy", "-b", brought.world.inside_repo("dest") + ":v1", "--to-repo", brought.world.inside_repo("dest")});
  CHECK(brought.world.locations(brought.world.inside, "dest", *brought.bundle.digest) ==
        seed_file(brought.app, "dest"));
  CHECK(brought.pull() == brought.inner("dest"));
}

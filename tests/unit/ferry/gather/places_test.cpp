#include "ferry/gather/places.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ociferry/error.hpp"
#include "sample_bundles.hpp"

// Where the images of a bundle without locations are looked for.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

class Unreachable : public MemoryTarget {
 public:
  [[nodiscard]] std::optional<RawManifest> manifest(const std::string&) override {
    throw Error(ErrorCode::Network, "nobody answers");
  }
};

/// A bundle at near.example whose lock names three images of far.example.
struct Scene {
  SampleWorld world;
  std::vector<Reference> images = {world.image("far.example/apps/a", "a"), world.image("far.example/apps/b", "b"),
                                   world.image("far.example/apps/c", "c")};
  Reference bundle = world.bundle("near.example/bundle", images);

  ImageSet find(const OpenSource& open) const { return discover({root_of(bundle)}, open, {}, {}); }
  /// As the world is, but for `name`, which nobody can reach.
  OpenSource without(const std::string& name) {
    return [open = world.opener(), name](const RepositoryName& asked) -> std::shared_ptr<ImageSource> {
      if (to_string(asked) == name) return std::make_shared<Unreachable>();
      return open(asked);
    };
  }
};

}  // namespace

TEST_CASE("if a bundle's first image is not beside it, the others are first looked for where the lock says") {
  Scene scene;
  // b is in both places; that it is found at its own shows which was asked first.
  scene.world.image("near.example/bundle", "b");
  CHECK(scene.find(scene.world.opener()).images().size() == 4);
  const std::string get_b = "get " + scene.images[1].digest->text();
  CHECK(std::ranges::count(scene.world.repository("far.example/apps/b")->operations(), get_b) == 1);
  CHECK(std::ranges::count(scene.world.repository("near.example/bundle")->operations(), get_b) == 0);
}

TEST_CASE("an image is found beside the bundle if the lock's place lacks it or does not respond") {
  Scene scene;
  scene.world.image("near.example/bundle", "b");
  CHECK(scene.find(scene.without("far.example/apps/b")).images().size() == 4);
}

TEST_CASE("an image whose place does not respond is a network error, not a missing image") {
  Scene scene;
  try {
    static_cast<void>(scene.find(scene.without("far.example/apps/b")));
    FAIL("it was found");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Network);
  }
}

TEST_CASE("the error for a missing image has the message of every place that was asked") {
  class Speaking : public MemoryTarget {
   public:
    explicit Speaking(std::string words) : words_(std::move(words)) {}
    [[nodiscard]] Error absence(const std::string& selector) override {
      return {ErrorCode::NotFound, selector + words_};
    }

   private:
    std::string words_;
  };
  const Reference image = Reference::parse("far.example/apps/a:v1");
  const auto open = [](const RepositoryName& name) {
    return std::make_shared<CachingSource>(std::make_shared<Speaking>(" is unknown to " + name.registry),
                                           std::make_shared<CacheBudget>(0));
  };
  try {
    static_cast<void>(locate(image, {{"near.example", "bundle"}, image.name}, open, silent_progress()));
    FAIL("it was found");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::NotFound);
    CHECK(error.message() ==
          "far.example/apps/a:v1: not found: v1 is unknown to near.example; v1 is unknown to far.example");
  }
}

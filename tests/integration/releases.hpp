#pragma once

#include <cstdint>
#include <string>

#include "world.hpp"

namespace ociferry::testing {

/// An image of two layers: the first is the same for all, the second is of `seed`.
inline Image released(std::uint64_t seed) { return make_image({.layers = {{.seed = 1}, {.seed = seed}}}); }

/// Two bundles that share images, an image with two names, an index with a signature.
struct Releases {
  World world;
  Reference web = push_image(world.outside, "team/web", released(2), "v1");
  Reference job = push_image(world.outside, "team/job", released(3), "v1");
  Image tool_image = released(4);
  Reference tool = push_image(world.outside, "tools/tool", tool_image, "v2");
  Reference latest = push_image(world.outside, "tools/tool", tool_image, "latest");
  Reference index = push_image(world.outside, "team/multi",
                               make_index({released(5), make_image({.platform = {"linux", "arm64", "", ""}})}), "v1");
  Reference one = world.push_bundle("bundles/one", {web, job});
  Reference two = world.push_bundle("bundles/two", {web, one});

  Releases() {
    push_image(world.outside, "team/multi", make_signature(), "sha256-" + std::string(index.digest->hex()) + ".sig");
  }

  [[nodiscard]] std::string at(const std::string& repository, const std::string& tag = "v1") const {
    return world.outside_ref(repository, tag);
  }
  void save(const Words& references, const std::string& archive) {
    Words words{"export"};
    words.insert(words.end(), references.begin(), references.end());
    words.insert(words.end(), {"-o", archive});
    world.succeed(words);
  }
  [[nodiscard]] bool same(const std::string& file, const std::string& other) const {
    return run({.arguments = {"cmp", world.path(file).string(), world.path(other).string()}}).exit_code == 0;
  }
};

}  // namespace ociferry::testing

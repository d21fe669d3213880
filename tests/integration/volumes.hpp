#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/temp.hpp"
#include "world.hpp"

namespace ociferry::testing {

/// plain.tar, and the same archive in volumes: set/apps.tar.001, ..., of which some hold the middle of one layer only.
struct Volumes {
  World world;
  Image image = make_image({.layers = {{.size = 500'000, .seed = 1}, {.size = 20'000, .seed = 2}}});
  Reference app = push_image(world.outside, "team/app", image, "v1");
  Words source{"export", "-i", world.outside_ref("team/app")};

  Volumes() {
    std::filesystem::create_directory(world.path("set"));
    write("plain.tar");
    write("set/apps.tar", {"--volume-size", "100K"});
    std::filesystem::copy(at("set"), at("pristine"));
  }

  std::string write(const std::string& output, const Words& more = {}) {
    Words words = source;
    words.insert(words.end(), {"-o", output});
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  }

  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return world.path(name); }
  [[nodiscard]] std::string volume(int number) const { return "set/apps.tar.00" + std::to_string(number); }
  /// All volumes behind one another.
  [[nodiscard]] std::string joined(const std::string& output = "set/apps.tar") const {
    std::string all;
    for (int number = 1; std::filesystem::exists(at(output + ".00" + std::to_string(number))); ++number) {
      all += read_text(at(output + ".00" + std::to_string(number)));
    }
    return all;
  }
  [[nodiscard]] std::string plain() const { return read_text(at("plain.tar")); }
  /// The volumes as they were exported.
  void anew() const {
    std::filesystem::remove_all(at("set"));
    std::filesystem::copy(at("pristine"), at("set"));
  }
  /// Fails before the first request to the destination.
  std::string refused(int code) {
    world.inside.forget_requests();
    std::string error = world.fail(code, {"import", "set", "--to-repo", world.inside_repo("apps")});
    CHECK(world.inside.requests().empty());
    return error;
  }
  /// What `verify` says on its standard error, when it must succeed.
  std::string warnings(const Words& words) {
    const Outcome outcome = world.ociferry.run(words);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    return outcome.err;
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& directory = "set") const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(at(directory))) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }
};

}  // namespace ociferry::testing

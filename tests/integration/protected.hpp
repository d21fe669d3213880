#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp.hpp"
#include "world.hpp"

namespace ociferry::testing {

inline bool has_part(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// In one directory: plain.tar with its parity, and the same archive in six volumes with theirs.
struct Protected {
  World world;
  Words source{"export", "-i", world.outside_ref("team/app"), "--parity", "20%"};
  std::string original;

  Protected() {
    const Image image = make_image({.layers = {{.size = 500'000, .seed = 1}, {.size = 20'000, .seed = 2}}});
    push_image(world.outside, "team/app", image, "v1");
    std::filesystem::create_directories(at("pristine"));
    write("pristine/plain.tar");
    write("pristine/apps.tar", {"--volume-size", "100K"});
    original = read_text(at("pristine/plain.tar"));
    anew();
  }

  std::string write(const std::string& output, const Words& more = {}) {
    Words words = source;
    words.insert(words.end(), {"-o", output});
    words.insert(words.end(), more.begin(), more.end());
    return world.succeed(words);
  }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return world.path(name); }
  /// What `sha256sum -c` says of the list in a directory, all of which must be right.
  [[nodiscard]] std::string sums(const std::string& directory) const {
    const Outcome outcome =
        run({.arguments = {"sha256sum", "-c", "--strict", "SHA256SUMS"}, .directory = at(directory)});
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.out, outcome.err);
    return outcome.out;
  }
  /// Everything as it was exported, in set/.
  void anew() const {
    std::filesystem::remove_all(at("set"));
    std::filesystem::copy(at("pristine"), at("set"));
  }
  void damage(const std::string& name, std::size_t from, std::size_t size) const {
    std::string bytes = read_text(at("set/" + name));
    REQUIRE(from + size <= bytes.size());
    for (std::size_t i = from; i < from + size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    write_text(at("set/" + name), bytes);
  }
  /// verify says that `name` can be repaired, and repair does it.
  void repairs(const std::string& name, int code = 10) {
    CAPTURE(name);
    const std::string error = world.fail(code, {"verify", "set/" + name});
    CHECK_MESSAGE(has_part(error, "and this can be repaired"), error);
    CHECK_MESSAGE(has_part(error, "ociferry repair set/" + name + " -o NEW"), error);
    gives_original(name);
  }
  void gives_original(const std::string& name, const Words& more = {}) {
    CAPTURE(name);
    std::filesystem::remove(at("new.tar"));
    Words words{"repair", "set/" + name, "-o", "new.tar"};
    words.insert(words.end(), more.begin(), more.end());
    world.succeed(words);
    CHECK((read_text(at("new.tar")) == original));
  }
  /// repair refuses, and writes nothing.
  std::string refused(int code, const Words& words) {
    std::filesystem::remove(at("new.tar"));
    const std::string error = world.fail(code, words);
    CHECK_FALSE(std::filesystem::exists(at("new.tar")));
    CHECK_FALSE(std::filesystem::exists(at("new.tar.partial")));
    return error;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(at("set")))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
};

}  // namespace ociferry::testing

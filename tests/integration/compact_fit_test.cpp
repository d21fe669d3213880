#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "gate.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// A compact archive onto several media: how large it becomes shows at its end.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// whole.zst, the compact archive of plain.tar, and small media in a mount namespace of each command.
struct MediaStage {
  World world;
  std::string ref = world.outside_ref("team/app");

  MediaStage() {
    push_image(world.outside, "team/app",
               make_image({.layers = {{.size = 1'500'000, .seed = 1}, {.size = 700'000, .seed = 2}}}), "v1");
    world.succeed({"export", "-i", ref, "-o", "plain.tar"});
    world.succeed({"compact", "plain.tar", "-o", "whole.zst"});
  }

  /// Mounts `full`, `a` and `b`, of so many KiB, of which 4 MiB stay free; then runs `script`, in which "$@" are
  /// `words`.
  [[nodiscard]] Outcome with_media(int a, int b, const std::string& script, const Words& words) const {
    const std::string mount =
        "medium() { mkdir -p $1; mount -t tmpfs -o size=$2k tmpfs $1 || exit 77; }\n"
        "medium full 100; head -c 200000 /dev/zero > full/x 2>/dev/null; medium a " +
        std::to_string(a) + "; medium b " + std::to_string(b) +
        "\ncheck() { for d in a b; do (cd $d && sha256sum -c --strict --quiet SHA256SUMS) || exit 79; done\n"
        "cat $(ls a/c.zst.0* b/c.zst.0* 2>/dev/null) | cmp - whole.zst || exit 80; }\n";
    Program program = world.ociferry.program(words);
    program.arguments.insert(program.arguments.begin(),
                             {"unshare", "--map-root-user", "--mount", "sh", "-c", mount + script, "sh"});
    return run(program);
  }
  [[nodiscard]] bool mounts() const { return with_media(100, 100, "\"$@\"", {"version"}).exit_code == 0; }
};

const std::string kListed =
    "a:\nSHA256SUMS\nc.zst.001\nc.zst.volumes.json\n\nb:\nSHA256SUMS\nc.zst.002\nc.zst.parity\n"
    "c.zst.volumes.json\n\nfull:\nx\n";

}  // namespace

TEST_CASE("a compact archive fills one medium after the other, and a full one is left alone") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) {
    MESSAGE("skipped: nothing can be mounted here");
    return;
  }
  const std::string fit = "fit:full,a/,b/";
  const std::vector<Words> writers{
      {"compact", "plain.tar", "-o", "c.zst", "--volume-size", fit, "--parity", "20%"},
      {"split", "whole.zst", "--as-it-is", "-o", "c.zst", "--volume-size", fit, "--parity", "20%"},
      {"export", "-i", stage.ref, "--compact", "-o", "c.zst", "--volume-size", fit, "--parity", "20%"}};
  for (const Words& words : writers) {
    CAPTURE(words.front());
    // A second run replaces the first one, for which there must be room beside it; so does one that finds what a killed
    // one has left.
    const Outcome outcome = stage.with_media(
        5500, 20000,
        "\"$@\" || exit; check; ls full a b; \"$@\" >/dev/null || exit; check; cp b/c.zst.001 b/c.zst.007.partial; "
        "cp b/c.zst.001 b/c.zst.001.partial; mv b/c.zst.volumes.json b/c.zst.volumes.json.old; \"$@\" >/dev/null || "
        "exit; check; ls a b | grep -E 'partial|old'; ls | grep plain",
        words);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK_MESSAGE(contains(outcome.out, kListed), outcome.out);
    CHECK(contains(outcome.out, "2 volumes: a/c.zst.001 to b/c.zst.002"));
    CHECK(outcome.out.ends_with("plain.tar\n"));
  }
}

TEST_CASE("a compact archive that the media do not take leaves nothing on them, and a forecast tells it") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) {
    MESSAGE("skipped: nothing can be mounted here");
    return;
  }
  const Words words{"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:full,a,b"};
  const Outcome outcome = stage.with_media(5500, 4500, "\"$@\"; echo ended: $?; ls -A a b", words);
  INFO(outcome.err);
  CHECK(outcome.out == "ended: 30\na:\n\nb:\n");
  CHECK(contains(outcome.err, "the compact archive does not fit"));
  CHECK(contains(outcome.err, "nothing of it was left"));
  const Outcome planned = stage.with_media(5500, 4500, "\"$@\" --dry-run", words);
  CHECK(planned.exit_code == 0);
  CHECK(contains(planned.out, "MAY NOT FIT: it takes"));
  CHECK(contains(planned.out, " at full, a, b"));
  CHECK(contains(stage.with_media(5500, 20000, "\"$@\" --dry-run", words).out, "room       enough"));
}

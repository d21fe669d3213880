#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

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
  /// False, and says so, where nothing can be mounted.
  [[nodiscard]] bool mounts() const {
    const bool can = with_media(100, 100, "\"$@\"", {"version"}).exit_code == 0;
    if (!can) MESSAGE("skipped: nothing can be mounted here");
    return can;
  }
};

const std::string kListed =
    "a:\nSHA256SUMS\nc.zst.001\nc.zst.volumes.json\n\nb:\nSHA256SUMS\nc.zst.002\nc.zst.parity\n"
    "c.zst.volumes.json\n\nfull:\nx\n";

}  // namespace

TEST_CASE("a compact archive fills one medium after the other, and a full one is left alone") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) return;
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

TEST_CASE("a compact archive on several media is read without its list, in the order of the numbers") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) return;
  const Outcome outcome =
      stage.with_media(4500, 5500,
                       "medium c 20000; \"$@\" || exit; rm ?/*.json ?/SHA256SUMS; ls ?; "
                       "\"$1\" verify b/c.zst.002 --volume-dir a --volume-dir c && mkdir all && cp ?/c.zst.0* all && "
                       "\"$1\" join all -o joined.zst && cmp joined.zst whole.zst; rm -r all joined.zst",
                       {"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:a,b,c"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(contains(outcome.out, "a:\nc.zst.001\n\nb:\nc.zst.002\n\nc:\nc.zst.003\n"), outcome.out);
  CHECK(contains(outcome.out, " is whole"));
  CHECK(contains(outcome.err, "the volumes differ in size, as where several media were filled"));
}

TEST_CASE("without a list, compact volumes of several sizes are read by their numbers, with a warning") {
  if (lacks({"docker-registry"})) return;
  MediaStage stage;
  World& world = stage.world;
  const std::string whole = read_text(world.path("whole.zst"));
  const std::vector<std::size_t> ends{256 * 1024, 556 * 1024, whole.size()};
  REQUIRE(ends[2] > ends[1]);
  const auto divide = [&] {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      write_text(world.path("media/c.zst.00" + std::to_string(i + 1)), whole.substr(begin, ends[i] - begin));
      begin = ends[i];
    }
  };
  divide();
  const Outcome read = world.ociferry.run({"verify", "media"});
  INFO(read.err);
  CHECK(read.exit_code == 0);
  CHECK(contains(read.err, "c.zst.volumes.json is not there, and the volumes differ in size"));
  CHECK(contains(read.err, "  - c.zst.002 has 307200 bytes"));
  world.succeed({"join", "media/c.zst.003", "-o", "joined.zst"});
  CHECK((read_text(world.path("joined.zst")) == whole));
  // Where the third one begins is not known without the second.
  fs::remove(world.path("media/c.zst.002"));
  const std::string missing = world.fail(11, {"verify", "media"});
  CHECK(contains(missing, "is a volume of a compact archive, of which others are missing"));
  CHECK(contains(missing, "  - c.zst.002"));
  divide();
  fs::resize_file(world.path("media/c.zst.002"), 299'999);
  CHECK(contains(world.fail(10, {"verify", "media"}), "c.zst.002 has 299999 bytes, not 262144"));
  // A size that a volume can have: the content tells.
  fs::resize_file(world.path("media/c.zst.002"), 299'008);
  world.fail(10, {"verify", "media"});
  world.fail(10, {"join", "media", "-o", "cut.zst"});
  CHECK_FALSE(fs::exists(world.path("cut.zst")));
}

TEST_CASE("a medium with an older list, which others have filled since, does not fail a compact archive") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) return;
  const Outcome outcome =
      stage.with_media(5500, 20000,
                       "mount -o remount,size=1000k full; rm full/x; \"$@\" >/dev/null || exit; ls full/*.json; "
                       "head -c 2000000 /dev/zero > full/x 2>/dev/null; \"$@\" >/dev/null || exit; check; ls full",
                       {"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:full,a,b"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "full/c.zst.volumes.json\nSHA256SUMS\nx\n");
}

TEST_CASE("the first volume of a compact archive goes where there is room when it is written, not before the work") {
  if (lacks({"docker-registry"})) return;
  MediaStage stage;
  if (!stage.mounts()) return;
  // More than what is kept of a base in memory.
  const LayerRecipe large{.size = 34'000'000, .seed = 1, .compression = LayerCompression::None};
  World& world = stage.world;
  push_image(world.outside, "team/app", make_image({.layers = {large}}), "v1");
  push_image(world.outside, "team/app", make_image({.layers = {large, {.seed = 2}}}), "v2");
  for (const std::string tag : {"v1", "v2"}) {
    world.succeed({"export", "-i", world.outside_ref("team/app", tag), "-o", tag + ".tar"});
  }
  // What the base unpacks to lies in a meanwhile, and leaves 4 MiB there.
  const Outcome outcome = stage.with_media(
      37'400, 20000, "\"$@\" >/dev/null || exit; ls -A a b",
      {"compact", "v2.tar", "--since", "v1.tar", "--work-dir", "a", "-o", "c.zst", "--volume-size", "fit:a,b"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "a:\nSHA256SUMS\nc.zst.volumes.json\n\nb:\nSHA256SUMS\nc.zst.001\nc.zst.volumes.json\n");
}

TEST_CASE("a compact archive that the media do not take leaves nothing on them, and a forecast tells it") {
  if (lacks({"docker-registry"})) return;
  const MediaStage stage;
  if (!stage.mounts()) return;
  const Words words{"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:full,a,b"};
  const Outcome outcome = stage.with_media(5500, 4500, "\"$@\"; echo ended: $?; ls -A a b", words);
  INFO(outcome.err);
  CHECK(outcome.out == "ended: 30\na:\n\nb:\n");
  CHECK(contains(outcome.err, " bytes of it fill all directories that were given:\n  - full: 0 bytes free for it\n"));
  CHECK(contains(outcome.err, "\n  - a: "));
  CHECK(contains(outcome.err, "\n  - b: "));
  CHECK(contains(outcome.err, "nothing of it was left"));
  const Outcome planned = stage.with_media(5500, 4500, "\"$@\" --dry-run", words);
  CHECK(planned.exit_code == 0);
  CHECK(contains(planned.out, "MAY NOT FIT: it takes"));
  CHECK(contains(planned.out, " at full, a, b"));
  CHECK(contains(stage.with_media(5500, 20000, "\"$@\" --dry-run", words).out, "room       enough"));
  const Outcome none =
      stage.with_media(5500, 4500, "\"$@\"", {"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:full"});
  CHECK(none.exit_code == 30);
  CHECK(contains(none.err, "no directory has room for a volume, which has at least 262144 bytes:\n  - full: 0 bytes"));
  // Parity has what room is left.
  const Outcome bare =
      stage.with_media(6500, 20000, "\"$@\"; echo ended: $?; ls a",
                       {"compact", "plain.tar", "-o", "c.zst", "--volume-size", "fit:a", "--parity", "50%"});
  INFO(bare.err);
  CHECK(bare.out.ends_with("ended: 30\nSHA256SUMS\nc.zst.001\nc.zst.volumes.json\n"));
  // What is written before it goes onto one medium, however much room others have.
  const Outcome work = stage.with_media(
      20000, 1000, "\"$@\" --dry-run",
      {"export", "-i", stage.ref, "--compact", "-o", "c.zst", "--volume-size", "fit:a,b", "--work-dir", "b"});
  CHECK(contains(work.out, "MAY NOT FIT: what is written before it takes "));
}

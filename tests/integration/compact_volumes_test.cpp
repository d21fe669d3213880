#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "gate.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"
#include "support/terminal.hpp"

// Compact archives in volumes: what is written, and what is read, however the volumes lie about.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// plain.tar, the compact archive of it in one file, whole.zst, and in volumes: set/apps.zst.001, ...
struct CompactVolumesStage {
  World world;
  Words source{"export", "-i", world.outside_ref("team/app"), "-i", world.outside_ref("team/tool")};
  std::string plain;
  std::string whole;
  Json made{nullptr};

  CompactVolumesStage() {
    push_image(world.outside, "team/app",
               make_image({.layers = {{.size = 900'000, .seed = 1}, {.size = 30'000, .seed = 2}}}), "v1");
    push_image(world.outside, "team/tool", make_image({.layers = {{.size = 900'000, .seed = 1}, {.seed = 3}}}), "v1");
    world.succeed(with(source, {"-o", "plain.tar"}));
    world.succeed({"compact", "plain.tar", "-o", "whole.zst"});
    fs::create_directory(at("set"));
    made = Json::parse(world.succeed({"compact", "plain.tar", "-o", "set/apps.zst", "--volume-size", "256K", "--json"}),
                       "compact");
    plain = read_text(at("plain.tar"));
    whole = read_text(at("whole.zst"));
  }

  [[nodiscard]] fs::path at(const std::string& name) const { return world.path(name); }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// A copy of the volumes, in a directory of this name.
  std::string copied(const std::string& name) const {
    fs::remove_all(at(name));
    fs::copy(at("set"), at(name));
    return name;
  }
  /// All volumes behind one another.
  [[nodiscard]] std::string joined(const std::string& output) const {
    std::string all;
    for (std::size_t number = 1; fs::exists(at(volume(output, number))); ++number) {
      all += read_text(at(volume(output, number)));
    }
    return all;
  }
  [[nodiscard]] static std::string volume(const std::string& output, std::size_t number) {
    return text::cat(output, ".00", number);
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(at(directory))) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] Outcome shell(const std::string& line) const {
    Program program = world.ociferry.program({}, {{"ociferry", OCIFERRY_BINARY}});
    program.arguments = {"bash", "-c", "set -o pipefail; " + line};
    return run(program);
  }
  /// Fails before the first request to the destination.
  std::string refused(int code, const std::string& name) {
    world.inside.forget_requests();
    std::string error = world.fail(code, {"import", name, "--to-repo", world.inside_repo("refused")});
    CHECK(world.inside.requests().empty());
    return error;
  }
  void check_imported(const std::string& repository) const {
    for (const std::string tag : {"v1"}) {
      CAPTURE(repository);
      CHECK(digest_of(world.inside, repository + "/team/app", tag) == digest_of(world.outside, "team/app", tag));
      CHECK(digest_of(world.inside, repository + "/team/tool", tag) == digest_of(world.outside, "team/tool", tag));
    }
  }
};

/// Shared by the cases, which write nothing over what it made.
CompactVolumesStage& volumes_stage() {
  static CompactVolumesStage stage;
  return stage;
}

std::size_t count_of(const std::vector<std::string>& names, std::string_view part) {
  return static_cast<std::size_t>(
      std::ranges::count_if(names, [&](const std::string& name) { return contains(name, part); }));
}

}  // namespace

TEST_CASE("volumes of a compact archive are its file in pieces, and zstd and sha256sum read them") {
  if (lacks({"docker-registry", "zstd", "tar"})) return;
  CompactVolumesStage& stage = volumes_stage();
  CHECK((stage.joined("set/apps.zst") == stage.whole));
  CHECK(fs::file_size(stage.at("set/apps.zst.001")) == 256 * 1024);
  const Json list = Json::parse(read_text(stage.at("set/apps.zst.volumes.json")), "list");
  CHECK(*list.find("schemaVersion")->as_int() == 2);
  CHECK(list.string_at("form") == "compact");
  CHECK(list.string_at("set") == sha256(stage.whole).text());
  CHECK(*list.find("archiveBytes")->as_int() == static_cast<std::int64_t>(stage.whole.size()));
  const std::size_t count = list.find("volumes")->as_array()->size();
  REQUIRE(count >= 4);
  CHECK(stage.made.find("volumes")->as_array()->size() == count);
  CHECK(stage.files("set").size() == count + 2);
  CHECK(stage.shell("cd set && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  CHECK(stage.shell("cat set/apps.zst.0* | zstd -dc | tar t | head -n 1").out == "ociferry-compact.json\n");
  const std::string to = stage.world.inside_repo("piped");
  CHECK(stage.shell("cat set/apps.zst.0* | $ociferry import - --to-registry " + to).exit_code == 0);
  stage.check_imported("piped");
}

TEST_CASE("all commands that read archives read compact volumes, given any volume, the list or the archive's name") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  for (const std::string name : {"set", "set/apps.zst.003", "set/apps.zst.volumes.json"}) {
    CAPTURE(name);
    const Outcome verified = world.ociferry.run({"verify", name, "--debug"});
    CHECK(contains(verified.out, " is whole"));
    // It may keep what comes up again.
    CHECK(contains(verified.err, "writes in " + stage.at("tmp").string()));
  }
  const Json told = Json::parse(world.succeed({"inspect", "set/apps.zst.001", "--json"}), "inspect");
  CHECK(*told.find("compact")->find("storedBytes")->as_int() == static_cast<std::int64_t>(stage.whole.size()));
  CHECK(contains(world.succeed({"verify", "--medium", "set"}), " is whole"));
  world.succeed({"join", "set/apps.zst.002", "-o", "joined.zst"});
  CHECK((read_text(stage.at("joined.zst")) == stage.whole));
  for (const Words& words : {Words{"expand", "set", "-o", "back.tar"}, Words{"merge", "set", "-o", "back.tar"}}) {
    CAPTURE(words[0]);
    world.succeed(words);
    CHECK((read_text(stage.at("back.tar")) == stage.plain));
    fs::remove(stage.at("back.tar"));
  }
  const std::string image = world.outside_ref("team/app");
  world.succeed({"pull", "--from", "set/apps.zst.002", "-i", image, "-o", "pulled"});
  CHECK(fs::is_directory(stage.at("pulled")));
  CHECK(contains(world.succeed({"diff", "set", "plain.tar"}), "0 blobs (0 B) added"));

  const std::string here = stage.copied("here");
  fs::create_directory(stage.at("there"));
  fs::rename(stage.at("here/apps.zst.002"), stage.at("there/apps.zst.002"));
  world.succeed({"expand", here, "--volume-dir", "there", "-o", "from-two.tar"});
  CHECK((read_text(stage.at("from-two.tar")) == stage.plain));
  const std::string repo = world.inside_repo("");
  world.succeed({"import", "there", here, "--to-registry", repo + "several"});
  stage.check_imported("several");
  world.succeed({"copy", "--tar", "there", "--volume-dir", here, "--to-registry", repo + "copied"});
  stage.check_imported("copied");
}

TEST_CASE("split makes plain volumes of a compact archive, and with --as-it-is volumes of its own bytes") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  fs::create_directory(stage.at("again"));
  world.succeed({"split", "set", "--volume-size", "512K", "-o", "again/plain.tar"});
  CHECK((stage.joined("again/plain.tar") == stage.plain));
  for (const std::string from : {"whole.zst", "set/apps.zst.003"}) {
    CAPTURE(from);
    world.succeed({"split", from, "--as-it-is", "--volume-size", "300K", "-o", "again/compact.zst"});
    CHECK((stage.joined("again/compact.zst") == stage.whole));
  }
  CHECK(stage.shell("cd again && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  // A plain archive is divided as it is anyway.
  world.succeed({"split", "plain.tar", "--as-it-is", "--volume-size", "512K", "-o", "again/same.tar"});
  CHECK((stage.joined("again/same.tar") == stage.plain));
  CHECK(contains(
      world.succeed({"split", "set", "--as-it-is", "--volume-size", "300K", "-o", "again/read.zst", "--verify-medium"}),
      "\nRead back from the medium itself"));
  CHECK((stage.joined("again/read.zst") == stage.whole));
}

TEST_CASE("compact volumes that are missing, cut, swapped, stale or foreign are named before any work") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  const std::string lost = stage.copied("lost");
  fs::remove(stage.at("lost/apps.zst.002"));
  fs::resize_file(stage.at("lost/apps.zst.003"), 1000);
  const std::string told = stage.refused(11, lost);
  CHECK(contains(told, "(apps.zst.002, 262144 bytes) is missing"));
  CHECK(contains(told, "lost/apps.zst.003 is cut short: it has 1000 of 262144 bytes"));

  const std::string mixed = stage.copied("mixed");
  fs::rename(stage.at("mixed/apps.zst.002"), stage.at("mixed/x"));
  fs::rename(stage.at("mixed/apps.zst.003"), stage.at("mixed/apps.zst.002"));
  fs::rename(stage.at("mixed/x"), stage.at("mixed/apps.zst.003"));
  const Outcome swapped = world.ociferry.run({"verify", mixed});
  CHECK(swapped.exit_code == 0);
  CHECK(contains(swapped.err, "mixed/apps.zst.003 is volume 2, although its name is not apps.zst.002"));
  // A volume of the same size of another set; and one of the plain archive.
  world.succeed({"compact", "plain.tar", "-o", "mixed/apps.zst", "--volume-size", "256K", "--effort", "small"});
  fs::copy_file(stage.at("set/apps.zst.001"), stage.at("mixed/apps.zst.001"), fs::copy_options::overwrite_existing);
  CHECK(contains(stage.refused(10, mixed), "apps.zst.001 does not begin as volume 1 does"));
  stage.copied("mixed");
  world.succeed({"split", "plain.tar", "--volume-size", "256K", "-o", "stale.tar"});
  fs::copy_file(stage.at("stale.tar.002"), stage.at("mixed/apps.zst.002"), fs::copy_options::overwrite_existing);
  CHECK(contains(stage.refused(10, mixed), "apps.zst.002 does not begin as volume 2 does"));
  // The list of a plain set among volumes of a compact one.
  stage.copied("mixed");
  std::string list = read_text(stage.at("stale.tar.volumes.json"));
  for (std::size_t at = 0; (at = list.find("stale.tar.", at)) != std::string::npos;) {
    list.replace(at, 10, "apps.zst.");
  }
  write_text(stage.at("mixed/apps.zst.volumes.json"), list);
  CHECK(contains(stage.refused(11, mixed), "volume 1 of "));

  const std::string renamed = stage.copied("renamed");
  fs::rename(stage.at("renamed/apps.zst.001"), stage.at("renamed/first.bin"));
  fs::copy_file(stage.at("set/apps.zst.004"), stage.at("renamed/apps.zst.009"));
  const Outcome read = world.ociferry.run({"verify", "renamed/first.bin"});
  CHECK(read.exit_code == 0);
  CHECK(contains(read.err, "renamed/first.bin is volume 1, although its name is not apps.zst.001"));
  CHECK(contains(read.err, "volume 4 is there twice: renamed/apps.zst.004 is read, renamed/apps.zst.009 is not"));
}

TEST_CASE("without a list, compact volumes are told apart by their names") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  const std::string bare = stage.copied("bare");
  const auto again = [&] {
    stage.copied("bare");
    fs::remove(stage.at("bare/apps.zst.volumes.json"));
    fs::remove(stage.at("bare/SHA256SUMS"));
  };
  again();
  for (const std::string name : {"bare", "bare/apps.zst.001", "bare/apps.zst.002"}) {
    CHECK(contains(world.succeed({"verify", name}), " is whole"));
  }
  world.succeed({"join", bare, "-o", "by-names.zst"});
  CHECK((read_text(stage.at("by-names.zst")) == stage.whole));
  fs::rename(stage.at("bare/apps.zst.002"), stage.at("bare/elsewhere"));
  CHECK(contains(stage.refused(11, bare), "(apps.zst.002, 262144 bytes) is missing"));
  again();
  fs::resize_file(stage.at("bare/apps.zst.002"), 1000);
  CHECK(contains(stage.refused(10, bare), "apps.zst.002 has 1000 bytes, not 262144: it is cut short"));
  CHECK(contains(stage.refused(10, bare), "these are no other volumes of it"));
  // What is missing at the end cannot be known, and is told.
  again();
  const std::vector<std::string> names = stage.files("bare");
  fs::remove(stage.at("bare/" + names.back()));
  const Outcome cut = world.ociferry.run({"verify", bare});
  CHECK(cut.exit_code == 10);
  CHECK(contains(cut.err, "are missing shows only at the end"));
  CHECK(contains(cut.err, "while reading bare/" + names[names.size() - 2]));
  CHECK(contains(world.fail(10, {"join", bare, "-o", "cut.zst"}), "volumes are missing at its end"));
  CHECK_FALSE(fs::exists(stage.at("cut.zst")));
  CHECK_FALSE(fs::exists(stage.at("cut.zst.partial")));
  // Compact archives that only have numbers in their names are no volumes.
  fs::create_directory(stage.at("numbers"));
  for (const std::string name : {"numbers/release.001", "numbers/release.002"}) {
    fs::copy_file(stage.at("whole.zst"), stage.at(name));
    CHECK(contains(world.succeed({"verify", name}), " is whole"));
  }
}

TEST_CASE("damage in a volume of a compact archive is refused with its name, and parity repairs it") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  const std::string damaged = stage.copied("damaged");
  const auto damage = [&] {
    std::string bytes = read_text(stage.at("damaged/apps.zst.002"));
    bytes[200'000] = static_cast<char>(bytes[200'000] ^ 1);
    write_text(stage.at("damaged/apps.zst.002"), bytes);
  };
  CHECK(contains(world.succeed({"protect", "damaged/apps.zst.001", "--parity", "40%"}), "apps.zst.parity"));
  CHECK(contains(world.succeed({"verify", damaged}), "Its parity, damaged/apps.zst.parity, is whole, too"));
  damage();
  CHECK(contains(world.fail(10, {"verify", damaged}), "and this can be repaired"));
  world.succeed({"repair", damaged, "-o", "repaired.zst"});
  CHECK((read_text(stage.at("repaired.zst")) == stage.whole));
  fs::remove(stage.at("damaged/apps.zst.002"));
  world.succeed({"repair", "damaged/apps.zst.001", "-o", "repaired-too.zst"});
  CHECK((read_text(stage.at("repaired-too.zst")) == stage.whole));

  stage.copied("damaged");
  damage();
  for (const Words& words : {Words{"verify", damaged}, Words{"expand", damaged, "-o", "out"},
                             Words{"import", damaged, "--to-repo", world.inside_repo("damaged")}}) {
    CAPTURE(words[0]);
    CHECK(contains(world.fail(10, words), "damaged/apps.zst.002"));
  }
  CHECK(contains(world.fail(10, {"join", damaged, "-o", "out"}), "but their list says sha256:"));
  CHECK(contains(world.fail(10, {"split", damaged, "--as-it-is", "--volume-size", "1M", "-o", "out"}),
                 "sha256sum -c SHA256SUMS tells which volume is damaged"));
  CHECK(World::tags(world.inside, "damaged").empty());
  for (const std::string name : {"out", "out.partial", "out.001", "out.001.partial", "out.volumes.json"}) {
    CHECK_FALSE(fs::exists(stage.at(name)));
  }
}

TEST_CASE("on a terminal, a missing volume of a compact archive is requested when it is needed") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  const std::string slot = stage.copied("slot");
  fs::create_directory(stage.at("drawer"));
  fs::rename(stage.at("slot/apps.zst.003"), stage.at("drawer/apps.zst.003"));
  const Terminal terminal;
  Program program = stage.world.ociferry.program({"verify", slot});
  program.arguments.insert(program.arguments.begin(), {"sh", "-c", "exec \"$@\" < \"$0\" 2> \"$0\"", terminal.name()});
  Process verify(program);
  std::string shown;
  await("a question", [&] { return contains(shown += terminal.shown(), "Insert volume 3 of "); });
  CHECK(contains(shown, "(apps.zst.003)"));
  fs::rename(stage.at("drawer/apps.zst.003"), stage.at("slot/apps.zst.003"));
  terminal.type("");
  const Outcome outcome = verify.wait();
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "slot is whole"));
}

TEST_CASE("an export writes compact volumes at once, and an update is read from volumes with its base") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  fs::create_directory(stage.at("direct"));
  const Words to{"-o", "direct/apps.zst", "--compact", "--volume-size", "256K", "--parity", "20%"};
  const std::string told = world.succeed(CompactVolumesStage::with(stage.source, to));
  CHECK(contains(told, " volumes: direct/apps.zst.001 to direct/apps.zst.00"));
  CHECK((stage.joined("direct/apps.zst") == stage.whole));
  CHECK(count_of(stage.files("direct"), ".plain") == 0);
  CHECK(stage.shell("cd direct && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  // Where files cannot be as large as the plain archive, that is divided, too, while it is needed.
  fs::create_directory(stage.at("limited"));
  Program program = world.ociferry.program(
      CompactVolumesStage::with(stage.source, {"-o", "limited/apps.zst", "--compact", "--volume-size", "256K"}));
  program.arguments.insert(program.arguments.begin(), {"bash", "-c", "ulimit -f 300; exec \"$0\" \"$@\""});
  const Outcome limited = run(program);
  CAPTURE(limited.err);
  CHECK(limited.exit_code == 0);
  CHECK((stage.joined("limited/apps.zst") == stage.whole));
  CHECK(count_of(stage.files("limited"), ".plain") == 0);
  CHECK_FALSE(contains(read_text(stage.at("limited/SHA256SUMS")), ".plain"));

  push_image(world.outside, "team/app",
             make_image({.layers = {{.size = 900'000, .seed = 1}, {.size = 700'000, .seed = 9}}}), "v2");
  fs::create_directory(stage.at("update"));
  world.succeed({"export", "-i", world.outside_ref("team/app", "v2"), "--since", "set", "-o", "update/u.zst",
                 "--volume-size", "256K"});
  CHECK(stage.joined("update/u.zst").size() < 800'000);
  world.succeed({"export", "-i", world.outside_ref("team/app", "v2"), "-o", "v2.tar"});
  world.succeed({"expand", "update", "--base", "set/apps.zst.002", "-o", "full.tar"});
  CHECK((read_text(stage.at("full.tar")) == read_text(stage.at("v2.tar"))));
  world.succeed({"import", "update/u.zst.001", "--base", "set", "--to-repo", world.inside_repo("updated")});
  CHECK(digest_of(world.inside, "updated", "v2") == digest_of(world.outside, "team/app", "v2"));
}

TEST_CASE("compact volumes replace older volumes only, and impossible divisions are refused at once") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  fs::create_directory(stage.at("place"));
  const Words plain{"split", "plain.tar", "-o", "place/a", "--volume-size"};
  const Words compact{"compact", "plain.tar", "-o", "place/a", "--volume-size"};
  world.succeed(CompactVolumesStage::with(plain, {"256K"}));
  const std::size_t plain_files = stage.files("place").size();
  world.succeed(CompactVolumesStage::with(compact, {"512K"}));
  CHECK(stage.files("place").size() < plain_files);
  CHECK((stage.joined("place/a") == stage.whole));
  world.succeed(CompactVolumesStage::with(plain, {"1M"}));
  CHECK((stage.joined("place/a") == stage.plain));
  CHECK(stage.shell("cd place && sha256sum -c --strict SHA256SUMS").exit_code == 0);

  const auto says = [&](const Words& words, std::string_view part, int code = 1) {
    const std::string error = world.fail(code, words);
    CHECK_MESSAGE(contains(error, part), error);
  };
  write_text(stage.at("place/b.003"), "a note");
  const Words other{"compact", "plain.tar", "-o", "place/b", "--volume-size", "256K"};
  says(other, "place/b.003 exists, and is not a volume that a list beside it names");
  says(CompactVolumesStage::with(stage.source, {"--compact", "-o", "place/b", "--volume-size", "256K"}), "place/b.003");
  CHECK(read_text(stage.at("place/b.003")) == "a note");
  CHECK(count_of(stage.files("place"), "b.") == 1);
  write_text(stage.at("place/c.001.partial"), "a note");
  says({"compact", "plain.tar", "-o", "place/c", "--volume-size", "256K"}, "c.001.partial exists");
  world.succeed(CompactVolumesStage::with(other, {"--force"}));
  CHECK((stage.joined("place/b") == stage.whole));
  says({"compact", "plain.tar", "-o", "d", "--volume-size", "200K"}, "give 256K or more");
  says({"compact", "plain.tar", "-o", "none/d", "--volume-size", "1M"}, "none is no directory", 22);
  CHECK(count_of(stage.files(""), "d.") == count_of(stage.files(""), "d.zst"));
}

TEST_CASE("a full disk, Ctrl-C and a kill leave no published compact volumes, and the next run replaces the rest") {
  if (lacks({"docker-registry"})) return;
  CompactVolumesStage& stage = volumes_stage();
  World& world = stage.world;
  const Words words{"compact", "plain.tar", "-o", "end/a", "--volume-size", "256K", "--jobs", "1"};
  Program full = world.ociferry.program(words);
  full.arguments.insert(full.arguments.begin(),
                        {"unshare", "--map-root-user", "--mount", "sh", "-c",
                         "mkdir -p end; mount -t tmpfs -o size=600k tmpfs end || exit 77; \"$@\"; code=$?; "
                         "ls -A end; exit $code",
                         "sh"});
  if (const Outcome outcome = run(full); outcome.exit_code == 77) {
    MESSAGE("skipped: nothing can be mounted here");
  } else {
    CHECK(outcome.exit_code == 30);
    CHECK(outcome.out.empty());  // nothing is listed
  }
  fs::create_directories(stage.at("end"));
  for (const int signal : {SIGINT, SIGKILL}) {
    Process making(world.ociferry.program(words));
    await("a volume", [&] { return fs::exists(stage.at("end/a.001.partial")) || !making.running(); });
    REQUIRE(making.running());
    making.send_signal(signal);
    static_cast<void>(making.wait());
    CHECK(stage.files("end").size() == (signal == SIGINT ? 0U : count_of(stage.files("end"), ".partial")));
  }
  // More unfinished volumes than there will be.
  fs::copy_file(stage.at("set/apps.zst.002"), stage.at("end/a.009.partial"));
  world.succeed(words);
  CHECK((stage.joined("end/a") == stage.whole));
  CHECK(count_of(stage.files("end"), ".partial") == 0);

  // As a run leaves them that is killed while volumes get their names.
  fs::rename(stage.at("end/a.volumes.json"), stage.at("end/a.volumes.json.old"));
  fs::rename(stage.at("end/a.003"), stage.at("end/a.003.partial"));
  fs::remove(stage.at("end/a.004"));
  CHECK(contains(world.fail(1, {"compact", "plain.tar", "-o", "end/b", "--volume-size", "1K"}), "too small"));
  world.succeed(words);
  CHECK((stage.joined("end/a") == stage.whole));
  CHECK(stage.shell("cd end && sha256sum -c --strict SHA256SUMS").exit_code == 0);
  const std::vector<std::string> left = stage.files("end");
  CHECK(count_of(left, ".partial") + count_of(left, ".old") == 0);
}

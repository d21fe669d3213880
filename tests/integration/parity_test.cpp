#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

#include "oci/json.hpp"
#include "protected.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/sanitized.hpp"
#include "support/temp.hpp"

// Parity: what protect and export write, what verify says of damage, and what repair makes of it.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

TEST_CASE("an archive is repaired with its parity up to the margin of damage, and not above") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string whole = world.succeed({"verify", "set/plain.tar"});
  CHECK(has_part(whole, "Its parity, set/plain.tar.parity, is whole, too"));

  set.damage("plain.tar", 200'000, 80'000);  // a run of bad sectors
  set.repairs("plain.tar");
  set.anew();
  set.damage("plain.tar", 0, 5'000);  // what tells what it is
  set.repairs("plain.tar");
  fs::resize_file(set.at("set/plain.tar"), set.original.size() - 80'000);
  set.repairs("plain.tar");

  set.damage("plain.tar.parity", 0, 12'000);  // its header, and one copy of the checksums
  set.gives_original("plain.tar");
  set.damage("plain.tar", 100'000, 100'000);
  CHECK(has_part(world.fail(10, {"verify", "set/plain.tar"}), "and this cannot be repaired: "));
  const std::string error = set.refused(10, {"repair", "set/plain.tar", "-o", "new.tar"});
  CHECK(has_part(error, "cannot be repaired, and nothing was written"));
  CHECK(has_part(error, "lost: bytes 0 to "));

  set.anew();
  fs::rename(set.at("set/plain.tar.parity"), set.at("elsewhere"));
  set.damage("plain.tar", 300'000, 1);
  CHECK_FALSE(has_part(world.fail(10, {"verify", "set/plain.tar"}), "repaired"));
  CHECK(has_part(set.refused(22, {"repair", "set/plain.tar", "-o", "new.tar"}), "without parity nothing can be"));
  CHECK(has_part(world.fail(10, {"verify", "set/plain.tar", "--parity", "elsewhere"}),
                 "ociferry repair set/plain.tar --parity elsewhere -o NEW"));
  set.gives_original("plain.tar", {"--parity", "elsewhere"});
  CHECK(has_part(set.refused(1, {"repair", "set/plain.tar", "--parity", "elsewhere", "-o", "set/plain.tar"}),
                 "is read, and would be replaced by what is written"));
  const Json told = Json::parse(
      world.succeed({"repair", "set/plain.tar", "--parity", "elsewhere", "-o", "new.tar", "--json"}), "repair");
  CHECK(told.string_at("digest") == sha256(set.original).text());
  CHECK(*told.find("lostBlocks")->as_int() == 1);
}

TEST_CASE("an archive is repaired after any volume, also of the parity, is lost, cut, damaged or exchanged") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  CHECK(set.files() == std::vector<std::string>{"SHA256SUMS", "apps.tar.001", "apps.tar.002", "apps.tar.003",
                                                "apps.tar.004", "apps.tar.005", "apps.tar.006", "apps.tar.parity.001",
                                                "apps.tar.parity.002", "apps.tar.volumes.json", "plain.tar",
                                                "plain.tar.parity"});
  for (int number = 1; number <= 6; ++number) {
    const std::string volume = "apps.tar.00" + std::to_string(number);
    const std::string other = number == 1 ? "apps.tar.002" : "apps.tar.001";
    fs::remove(set.at("set/" + volume));
    set.repairs(other, 11);
    if (number < 6) {  // without the list, the others tell where it was
      fs::remove(set.at("set/apps.tar.volumes.json"));
      set.gives_original("apps.tar");
    }
    set.anew();
  }
  fs::resize_file(set.at("set/apps.tar.003"), 30'000);
  set.repairs("apps.tar.volumes.json");
  set.damage("apps.tar.parity.002", 20'000, 4'096);
  set.gives_original("apps.tar.001");
  fs::remove(set.at("set/apps.tar.volumes.json"));
  set.gives_original("apps.tar.001");
  set.anew();

  // Swapped, and one of them damaged: told by what is in them.
  fs::rename(set.at("set/apps.tar.002"), set.at("set/x"));
  fs::rename(set.at("set/apps.tar.005"), set.at("set/apps.tar.002"));
  fs::rename(set.at("set/x"), set.at("set/apps.tar.005"));
  set.damage("apps.tar.005", 50'000, 10'000);
  set.gives_original("apps.tar.001");
  set.anew();

  // The volume that has the parity's first header; a whole volume more would be too much.
  fs::remove(set.at("set/apps.tar.parity.001"));
  set.damage("apps.tar.004", 0, 100);
  set.gives_original("apps.tar.volumes.json");
  fs::remove(set.at("set/apps.tar.003"));
  CHECK(has_part(set.refused(10, {"repair", "set/apps.tar.001", "-o", "new.tar"}), "cannot be repaired"));
  set.anew();

  fs::create_directory(set.at("other"));
  fs::rename(set.at("set/apps.tar.002"), set.at("other/apps.tar.002"));
  fs::remove(set.at("set/apps.tar.006"));
  set.gives_original("apps.tar.001", {"--volume-dir", "other"});
  for (const std::string input : {"set/apps.tar.003", "other/apps.tar.002", "set/apps.tar.parity.001"}) {
    const Words words{"repair", "set/apps.tar.001", "--volume-dir", "other", "-o", input, "--force"};
    const std::string before = read_text(set.at(input));
    CHECK(world.ociferry.run(words).exit_code != 0);
    CHECK((read_text(set.at(input)) == before));
  }
  world.succeed({"split", "new.tar", "--volume-size", "100K", "-o", "set/apps.tar", "--force"});
  world.succeed({"verify", "set/apps.tar.001"});
}

TEST_CASE("without the list, volumes of any size are identified by their content, even if earlier ones are lost") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::vector<std::size_t> sizes{51'200, 102'400, 20'480, 153'600, 81'920, 121'856};
  REQUIRE(sizes.front() * 2 < set.original.size());
  const auto write_all = [&](const std::vector<int>& lost) {
    fs::remove_all(set.at("set"));
    fs::create_directory(set.at("set"));
    std::size_t offset = 0;
    for (int number = 1; number <= 6; ++number) {
      const std::size_t size = number == 6 ? set.original.size() - offset : sizes[static_cast<std::size_t>(number) - 1];
      const std::string name = "set/apps.tar.00" + std::to_string(number);
      const bool is_lost = std::ranges::find(lost, number) != lost.end();
      if (!is_lost) write_text(set.at(name), std::string_view(set.original).substr(offset, size));
      offset += size;
    }
    fs::copy_file(set.at("all.parity"), set.at("set/apps.tar.parity"));
  };
  world.succeed({"protect", "set/plain.tar", "--parity", "100%", "-o", "all.parity"});
  const std::vector<std::vector<int>> losses{{1, 2}, {1, 2, 3}, {1, 2, 6}, {1, 3, 5}, {4, 5, 6}, {1, 2, 4, 6}};
  for (const std::vector<int>& lost : losses) {
    CAPTURE(lost.front());
    CAPTURE(lost.back());
    write_all(lost);
    set.gives_original("apps.tar");
  }
  // Cut short and renamed among themselves, too.
  write_all({1, 2});
  fs::resize_file(set.at("set/apps.tar.003"), 18'000);
  fs::rename(set.at("set/apps.tar.005"), set.at("set/apps.tar.002"));
  set.gives_original("apps.tar");
}

TEST_CASE("damaged or foreign parity is a warning if the archive is whole") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const auto warning = [&] {
    const Outcome outcome = world.ociferry.run({"verify", "set/plain.tar"});
    CHECK(outcome.exit_code == 0);
    return outcome.err;
  };
  set.damage("plain.tar.parity", 60'000, 1);
  CHECK(has_part(warning(), "set/plain.tar.parity is damaged: 1 of "));
  write_text(set.at("set/plain.tar.parity"), "no parity at all");
  CHECK(has_part(warning(), "the parity cannot be used: set/plain.tar.parity has no header that is whole"));
  CHECK(has_part(world.fail(10, {"verify", "set/plain.tar", "--parity", "set/plain.tar.parity"}), "no header"));
  CHECK(has_part(set.refused(10, {"repair", "set/plain.tar", "-o", "new.tar"}), "no header that is whole"));
  set.anew();
  push_image(world.outside, "team/app", make_image({.layers = {{.size = 500'000, .seed = 3}}}), "v2");
  world.succeed({"export", "-i", world.outside_ref("team/app", "v2"), "-o", "set/plain.tar"});
  CHECK(has_part(warning(), "set/plain.tar.parity is the parity of another archive"));
  CHECK(has_part(set.refused(10, {"repair", "set/plain.tar", "-o", "new.tar"}), "it is the parity of another archive"));
}

TEST_CASE("parity is computed, and an archive repaired, within 64 MiB of memory") {
  if (lacks({"docker-registry"})) return;
  World world;
  // So large that the buffers are as large as they become; checksums of the largest archive take 16 MiB more, a program
  // that is not optimized 3 MiB.
  push_image(world.outside, "team/app", make_image({.layers = {{.size = 40'000'000, .seed = 1}}}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/app"), "-o", "a.tar"});
  const auto peak_of = [&](const Words& words) {
    Program program = world.ociferry.program(words);
    program.arguments.insert(program.arguments.begin(), {RESOURCE_USE, world.path("used").string()});
    const Outcome outcome = run(program);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    std::uint64_t peak_kib = 0;
    std::istringstream(read_text(world.path("used"))) >> peak_kib;
    return peak_kib / 1024;
  };
  const std::uint64_t most = kSanitized ? 1024 : 51;
  CHECK(peak_of({"protect", "a.tar", "--parity", "10%"}) < most);
  std::string bytes = read_text(world.path("a.tar"));
  const Digest whole = sha256(bytes);
  bytes.replace(10'000'000, 4'000'000, std::string(4'000'000, 'x'));
  write_text(world.path("a.tar"), bytes);
  CHECK(peak_of({"repair", "a.tar", "-o", "b.tar"}) < most);
  CHECK(sha256(read_text(world.path("b.tar"))) == whole);
}

TEST_CASE("parity of volumes that fill directories is written where there is room, and the path is reported") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string parity = read_text(set.at("set/plain.tar.parity"));
  const std::string ref = world.outside_ref("team/app");
  const std::vector<Words> writers{{"export", "-i", ref, "-o"},
                                   {"split", "set/plain.tar", "-o"},
                                   {"copy", "-i", ref, "--to-tar"},
                                   {"copy", "--tar", "set/plain.tar", "--to-tar"}};
  for (Words words : writers) {
    CAPTURE(words.front());
    for (const char* directory : {"a", "b"}) {
      fs::remove_all(set.at(directory));
      fs::create_directory(set.at(directory));
    }
    write_text(set.at("b/apps.tar.parity.001.partial"), std::string(5000, '\0'));  // of a run that was killed
    words.insert(words.end(), {"apps.tar", "--volume-size", "fit:a/,b/", "--parity", "20%"});
    CHECK(has_part(world.succeed(words), "\nParity: b/apps.tar.parity, "));
    CHECK((read_text(set.at("b/apps.tar.parity")) == parity));
    CHECK_FALSE(fs::exists(set.at("b/apps.tar.parity.001.partial")));
    CHECK(has_part(set.sums("a"), "apps.tar.001: OK\n"));
    CHECK(has_part(set.sums("b"), "apps.tar.parity: OK\n"));
  }
  CHECK(has_part(world.succeed({"verify", "a/apps.tar.001", "--volume-dir", "b"}), "is whole, too"));
  // The same command again keeps it, and makes it again if it is damaged.
  Words again = writers.back();
  again.insert(again.end(), {"apps.tar", "--volume-size", "fit:a,b", "--parity", "20%"});
  const auto written = fs::last_write_time(set.at("b/apps.tar.parity"));
  world.succeed(again);
  CHECK(fs::last_write_time(set.at("b/apps.tar.parity")) == written);
  std::string damaged = parity;
  damaged[damaged.size() / 2] ^= 1;
  write_text(set.at("b/apps.tar.parity"), damaged);
  world.succeed(again);
  CHECK((read_text(set.at("b/apps.tar.parity")) == parity));
  fs::remove(set.at("a/apps.tar.volumes.json"));
  fs::resize_file(set.at("a/apps.tar.001"), set.original.size() - 50'000);
  world.succeed({"repair", "a/apps.tar.001", "--volume-dir", "b", "-o", "new.tar"});
  CHECK((read_text(set.at("new.tar")) == set.original));
}

TEST_CASE("copy --to-tar writes the same parity as export, and reports it in a dry run") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string parity = read_text(set.at("set/plain.tar.parity"));
  const Words from_archive{"copy", "--tar", "set/plain.tar", "--to-tar", "out.tar", "--parity", "20%"};
  Words planned = from_archive;
  planned.emplace_back("--dry-run");
  CHECK(has_part(world.succeed(planned), "parity     " + std::to_string(parity.size()) + " bytes more"));
  CHECK_FALSE(fs::exists(set.at("out.tar")));
  CHECK(has_part(world.succeed(from_archive), "\nParity: out.tar.parity, "));
  CHECK((read_text(set.at("out.tar.parity")) == parity));
  const Json told = Json::parse(
      world.succeed({"copy", "-i", world.outside_ref("team/app"), "--to-tar", "out.tar", "--parity", "20%", "--json"}),
      "copy");
  CHECK(*told.find("parity")->find("bytes")->as_int() == static_cast<std::int64_t>(parity.size()));
  CHECK(has_part(world.fail(1, {"copy", "--tar", "out.tar", "--to-repo", world.inside_repo("a"), "--parity", "1%"}),
                 "--parity goes with --to-tar only"));
}

TEST_CASE("SHA256SUMS beside volumes lists their parity files") {
  if (lacks({"docker-registry"})) return;
  Protected set;
  World& world = set.world;
  const std::string checked = set.sums("set");
  CHECK(has_part(checked, "apps.tar.006: OK\napps.tar.volumes.json: OK\napps.tar.parity.001: OK\n"));
  CHECK(has_part(checked, "apps.tar.parity.002: OK\n"));
  CHECK_FALSE(has_part(checked, "plain.tar"));
  world.succeed({"protect", "set/apps.tar.003", "--parity", "30%"});
  CHECK(has_part(set.sums("set"), "apps.tar.volumes.json: OK\napps.tar.parity: OK\n"));
  CHECK_FALSE(has_part(set.sums("set"), "parity.001"));
  // A list that tells of other files is none of ours.
  write_text(set.at("set/SHA256SUMS"), std::string(sha256("").hex()) + "  empty\n");
  write_text(set.at("set/empty"), "");
  world.succeed({"protect", "set/plain.tar", "--parity", "20%"});
  CHECK(set.sums("set") == "empty: OK\n");
}

TEST_CASE("contradictory options of parity are refused before anything is done") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Words source{"export", "-i", world.outside_ref("team/app"), "-o", "a.tar"};
  const auto error = [&](const Words& more) {
    Words words = source;
    words.insert(words.end(), more.begin(), more.end());
    return world.fail(1, words);
  };
  for (const std::string percent : {"10", "0%", "101%", "1.5%", "%", "-3%"}) {
    CAPTURE(percent);
    CHECK(has_part(error({"--parity=" + percent}), "whole percents of the archive, from 1% to 100%"));
  }
  fs::create_directory(world.path("d"));
  CHECK(has_part(world.fail(1, {"export", "-i", world.outside_ref("team/app"), "-o", "-", "--parity", "10%"}),
                 "--parity needs a file"));
  CHECK(world.outside.requests().empty());
  CHECK(has_part(world.fail(1, {"protect", "d", "--parity", "10%"}), "holds no volumes"));
  CHECK(has_part(world.fail(1, {"protect", "d", "--parity", "10%", "-o", "-"}), "the output cannot be -"));
  CHECK(has_part(world.fail(22, {"protect", "nothing", "--parity", "10%"}), "nothing is not there"));
  CHECK(has_part(world.fail(22, {"repair", "nothing", "-o", "b.tar"}), "nothing is not there"));
}

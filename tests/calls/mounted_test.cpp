#include <doctest/doctest.h>
#include <unistd.h>

#include "base/text.hpp"
#include "call_stage.hpp"
#include "support/temp.hpp"

// Exports onto media that are mounted: a FAT image where this machine mounts one, and a small tmpfs in its place
// elsewhere. Both in a mount namespace that ends with the run.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// A kind of file system, and what makes and mounts one: the shell functions `medium NAME KIB`, and `back NAME`, which
/// mounts it again after it was pulled out.
struct MountedKind {
  std::string name;
  Words unshare;
  std::string functions;
};

const MountedKind kTmpfs{"tmpfs",
                         {"unshare", "--map-root-user", "--mount"},
                         "medium() { mkdir -p $1; mount -t tmpfs -o size=$2k tmpfs $1 || exit 77; }\n"
                         "back() { mount -t tmpfs tmpfs $1 || exit 77; }\n"};
const MountedKind kFat{"FAT",
                       {"unshare", "--mount"},
                       "medium() { mkdir -p $1; truncate -s $2K $1.img; mkfs.vfat $1.img >/dev/null || exit 78\n"
                       "mount -o loop $1.img $1 || exit 77; }\n"
                       "back() { mount -o loop $1.img $1 || exit 77; }\n"};

Outcome run_mounted(const CallStage& stage, const MountedKind& kind, const std::string& script, const Words& words,
                    const Variables& variables = {}) {
  Program program = stage.ociferry().program(words);
  if (!program.environment) program.environment.emplace();
  for (const auto& [name, value] : variables) (*program.environment)[name] = value;
  Words before = kind.unshare;
  before.insert(before.end(), {"sh", "-c", kind.functions + script, "sh"});
  program.arguments.insert(program.arguments.begin(), before.begin(), before.end());
  return run(program);
}

/// FAT needs a kernel that has it, root, and a loop device that can be mounted: where one of them lacks, nothing that
/// could be installed would help. So only then the test is skipped in CI, too; mkfs.vfat must be there.
bool mounts_fat(const CallStage& stage) {
  const MountedKind plain{"FAT", kFat.unshare, ""};
  const Outcome outcome = run_mounted(stage, plain,
                                      "grep -qw vfat /proc/filesystems || modprobe vfat 2>/dev/null; "
                                      "grep -qw vfat /proc/filesystems || exit 77; losetup -f >/dev/null || exit 77",
                                      {"version"});
  if (outcome.exit_code != 0 || ::geteuid() != 0) {
    MESSAGE("FAT is left out: this kernel has no vfat, or nobody here may mount a loop device");
    return false;
  }
  return !lacks({"mkfs.vfat"});
}

std::vector<MountedKind> kinds(const CallStage& stage) {
  std::vector<MountedKind> all;
  if (lacks({"unshare", "mount"})) return all;
  if (run_mounted(stage, kTmpfs, "medium small 100", {"version"}).exit_code == 0) all.push_back(kTmpfs);
  if (mounts_fat(stage)) all.push_back(kFat);
  if (all.empty()) MESSAGE("skipped: nothing can be mounted here");
  return all;
}

Words export_to(const CallStage& stage, const std::string& output, const std::string& size) {
  Words words = stage.words(Command::Export, 2);
  words.at(4) = output;
  words.insert(words.end(), {"--volume-size", size});
  return words;
}

/// Where volumes must be the archive, and their sums right.
const std::string kCheck =
    "\ncheck() { for d in \"$@\"; do (cd $d && sha256sum -c --strict --quiet SHA256SUMS) || exit 79; done\n"
    "cat m/big.tar.0* n/big.tar.0* 2>/dev/null | cmp - whole || exit 80; }\n";

}  // namespace

TEST_CASE("volumes are written onto small media that are mounted, one or several, and are the archive") {
  CallStage& stage = fresh_stage();
  for (const MountedKind& kind : kinds(stage)) {
    CAPTURE(kind.name);
    stage.reset();
    write_text(stage.path("whole"), stage.archive());
    const Outcome one = run_mounted(stage, kind, kCheck + "medium m 20000; \"$@\" || exit; ls m; check m",
                                    export_to(stage, "m/big.tar", "fat32"));
    INFO(one.err);
    CHECK(one.exit_code == 0);
    CHECK(one.out.ends_with("SHA256SUMS\nbig.tar.001\nbig.tar.volumes.json\n"));
    // Of the first, some 400 KiB can be filled: 4 MiB stay free.
    const Outcome two =
        run_mounted(stage, kind, kCheck + "medium m 4600; medium n 20000; \"$@\" || exit; check m n; ls n",
                    export_to(stage, "big.tar", "fit:m,n"));
    INFO(two.err);
    CHECK(two.exit_code == 0);
    CHECK(two.out.ends_with("SHA256SUMS\nbig.tar.002\nbig.tar.volumes.json\n"));
    // A full one gets nothing, and keeps the others from nothing; the same command again keeps what is there.
    const Outcome full = run_mounted(
        stage, kind,
        kCheck +
            "medium f 100; head -c 200000 /dev/zero > f/x 2>/dev/null; medium m 4600; medium n 20000; \"$@\" || "
            "exit; \"$@\" || exit; check m n; ls f",
        export_to(stage, "big.tar", "fit:f,m,n"));
    INFO(full.err);
    CHECK(full.exit_code == 0);
    CHECK(full.out.find("already there from an earlier run)") != std::string::npos);
    CHECK(full.out.ends_with("SHA256SUMS\nx\n"));
  }
}

TEST_CASE("an export to a full medium is refused, and succeeds once there is room") {
  CallStage& stage = fresh_stage();
  for (const MountedKind& kind : kinds(stage)) {
    CAPTURE(kind.name);
    stage.reset();
    write_text(stage.path("whole"), stage.archive());
    const Outcome outcome =
        run_mounted(stage, kind,
                    kCheck +
                        "medium m 6000; head -c 5600000 /dev/zero > m/full; \"$@\" 2>message; echo refused: $?; ls m\n"
                        "rm m/full; \"$@\" || exit; check m; cat message >&2",
                    export_to(stage, "m/big.tar", "200K"));
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out.starts_with("refused: 30\nfull\n"));
    CHECK(outcome.err.find("but there is room for only") != std::string::npos);
  }
}

TEST_CASE("a medium that is removed during an export is an error, and the same command resumes") {
  CallStage& stage = fresh_stage();
  // The process stops in the middle of its writes; a lazy unmount takes the names away, as a pulled stick would.
  const std::string script =
      kCheck +
      "medium m 20000; \"$@\" 2>message & pid=$!\n"
      "until grep -q '^State:.T' /proc/$pid/status 2>/dev/null; do [ -e /proc/$pid ] || exit 81; done\n"
      "umount -l m; kill -CONT $pid; wait $pid; echo ended: $?; ls -A m; back m; unset OCIFERRY_CALLS_FAULT\n"
      "\"$@\" || exit; check m; cat message >&2";
  for (const MountedKind& kind : kinds(stage)) {
    for (const std::string size : {"200K", "fat32"}) {
      CAPTURE(kind.name);
      CAPTURE(size);
      stage.reset();
      write_text(stage.path("whole"), stage.archive());
      const Outcome outcome =
          run_mounted(stage, kind, script, export_to(stage, "m/big.tar", size), fault_script(stage, "write:6:stop"));
      INFO(outcome.err);
      CHECK(outcome.exit_code == 0);
      CHECK(outcome.out.starts_with("ended: "));
      CHECK_FALSE(outcome.out.starts_with("ended: 0"));
      CHECK(outcome.out.find(".partial") == std::string::npos);
      CHECK(outcome.err.find("Error: ") != std::string::npos);
    }
  }
}

TEST_CASE("an export to a medium whose device becomes slower while it writes warns, with both rates") {
  CallStage& stage = fresh_stage();
  // Counters of two samples at 40 MB a second, and then 2.
  std::string counters = "0 0 0\n";
  std::uint64_t written = 0;
  for (int sample = 1; sample <= 40; ++sample) {
    written += sample <= 2 ? 200'000'000 : 10'000'000;
    counters += text::cat("0 ", written, " ", sample * 5000, "\n");
  }
  write_text(stage.path("counters"), counters);
  const Variables variables{{"OCIFERRY_CALLS_COUNTERS", stage.path("counters").string()}};
  const Outcome slow = stage.run(Command::Export, variables, 1);
  INFO(slow.err);
  CHECK(slow.exit_code == 0);
  CHECK(slow.err.find("the medium of out.tar is slower than it was: 40.0 MB a second at first, 2.0 MB a second") !=
        std::string::npos);
  write_text(stage.path("counters"), "0 0 0\n");  // it tells nothing more
  stage.reset();
  write_text(stage.path("counters"), "0 0 0\n");
  CHECK(stage.run(Command::Export, variables, 1).err.find("slower") == std::string::npos);
}

#include <doctest/doctest.h>

#include <signal.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "base/text.hpp"
#include "call_stage.hpp"
#include "partial_archive.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

// kill -9 at the nth system call, or in the middle of a write; then the same command again.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kKillSample = 3;
constexpr std::size_t kKillAll = 1000;
/// A byte of a layer may happen to be what an empty place holds.
constexpr std::uint64_t kByChance = 8;

struct Kill {
  std::size_t number = 0;
  bool torn = false;
  int jobs = 1;
};

/// What of the source's layers is on the disk after a kill.
std::map<std::string, std::uint64_t> on_disk(const CallStage& stage, Command command) {
  if (command == Command::Export) {
    const fs::path partial = stage.path("out.tar.partial");
    if (!fs::exists(partial)) return {};
    return layers_in_partial(read_text(partial), stage.archive());
  }
  std::map<std::string, std::uint64_t> layers;
  for (const auto& entry : fs::directory_iterator(stage.ociferry().home())) {
    const fs::path downloads = entry.path() / "downloads";
    if (!entry.path().filename().string().starts_with(".") || !fs::exists(downloads)) continue;
    for (const auto& file : fs::directory_iterator(downloads)) {
      std::string digest = file.path().filename().string();
      layers[digest.replace(digest.find('-'), 1, ":")] = file.file_size();
    }
  }
  return layers;
}

class Kills {
 public:
  std::size_t calls(Command command) {
    auto& known = calls_[command];
    if (known == 0) known = count_calls(stage_, command);
    return known;
  }

  std::string judge(Command command, const Kill& kill) {
    stage_.reset();
    const Outcome outcome = stage_.run(
        command, fault_script(stage_, text::cat("any:", kill.number, kill.torn ? ":torn" : ":kill")), kill.jobs);
    std::string wrong;
    // Several threads do not always make as many calls.
    if (outcome.signal != SIGKILL && outcome.exit_code != 0) wrong += "  failed by itself: " + outcome.err;
    const bool done = outcome.exit_code == 0 || stage_.visible(command) == stage_.after(command);
    wrong += judge_state(stage_, command);
    const auto there = on_disk(stage_, command);
    std::map<std::string, bool> uploaded;
    for (const auto& [digest, size] : stage_.source_layers(Command::Export)) {
      uploaded[digest] = stage_.destination_has(digest);
    }
    wrong += judge_rerun(stage_, command);
    for (const SeenRequest& request : stage_.take_requests()) {
      const bool uploads = request.method == "PUT" && uploaded.contains(request.digest);
      if (uploads && uploaded.at(request.digest)) wrong += "  uploaded again: " + request.digest + "\n";
      if (request.method == "GET" && !done) wrong += judge_download(command, request, there);
    }
    if (wrong.empty()) return wrong;
    return text::cat(name_of(command), ": killed at ", kill.number, kill.torn ? " (torn)" : "", ", jobs ", kill.jobs,
                     "\n", wrong);
  }

 private:
  [[nodiscard]] std::string judge_download(Command command, const SeenRequest& request,
                                           const std::map<std::string, std::uint64_t>& there) const {
    const auto layers = stage_.source_layers(command);
    if (!layers.contains(request.digest) || !there.contains(request.digest)) return "";
    // Small ones are read before the archive is begun: configurations, lock files.
    if (command == Command::Export && layers.at(request.digest) < 1000) return "";
    const std::uint64_t kept = there.at(request.digest);
    if (request.begin + kByChance >= kept) return "";
    return text::cat("  fetched again from byte ", request.begin, " on, though ", kept, " of ",
                     layers.at(request.digest), " bytes were there: ", request.digest, "\n");
  }

  CallStage& stage_ = fresh_stage();
  std::map<Command, std::size_t> calls_;
};

Kill any_kill(std::mt19937_64& random, std::size_t calls) {
  return {1 + random() % calls, random() % 3 == 0, static_cast<int>(1 + random() % 4)};
}

}  // namespace

TEST_CASE("a killed run is completed by the same command (a sample of system calls)") {
  std::mt19937_64 random(seed_of_run());
  Kills kills;
  for (const Command command : kCommands) {
    for (std::size_t i = 0; i < kKillSample; ++i) {
      const std::string wrong = kills.judge(command, any_kill(random, kills.calls(command)));
      CHECK_MESSAGE(wrong.empty(), wrong);
    }
  }
}

TEST_CASE("a thousand runs a command that are killed are finished by the same command" * doctest::skip()) {
  const std::uint64_t seed = seed_of_run();
  const std::size_t points = number_from("OCIFERRY_POINTS", kKillAll);
  std::mt19937_64 random(seed);
  for (const Command command : chosen_commands()) {
    Kills kills;
    std::size_t failed = 0;
    for (std::size_t i = 0; i < points; ++i) {
      // Each call of a run with one job at least once, then any.
      const Kill kill = i < kills.calls(command) ? Kill{i + 1, false, 1} : any_kill(random, kills.calls(command));
      const std::string wrong = kills.judge(command, kill);
      CHECK_MESSAGE(wrong.empty(), wrong);
      failed += wrong.empty() ? 0 : 1;
    }
    std::cout << "kills: seed " << seed << ", " << name_of(command) << ": " << kills.calls(command) << " calls, "
              << points << " kill points, " << failed << " failed" << std::endl;
  }
}

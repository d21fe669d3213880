#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "base/text.hpp"
#include "call_log.hpp"
#include "call_stage.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

// Power loss: what a disk may hold after it, worked out from what was written, and when it was synced.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kStates = 2'000;
constexpr std::size_t kResumed = 12;
constexpr std::size_t kAllStates = 20'000;
constexpr std::size_t kAllResumed = 1'000;

std::vector<LoggedCall> log_of(CallStage& stage, Command command, bool with_data, int jobs = 2) {
  stage.reset();
  Variables script = {{"OCIFERRY_CALLS_LOG", stage.path("log").string()}};
  if (with_data) script.emplace("OCIFERRY_CALLS_DATA", "1");
  fs::remove(stage.path("log"));
  const Outcome outcome = stage.run(command, script, jobs);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return read_call_log(stage.path("log"), with_data);
}

/// The file at the last part of a path; directories are named in many ways ("./x", "/tmp/y/./x").
std::string name_of_file(const std::string& path) { return fs::path(path).lexically_normal().filename().string(); }

/// The path of a directory, its symbolic links and dots resolved.
fs::path resolved(const CallStage& stage, const std::string& path) {
  const fs::path whole = fs::path(path).is_absolute() ? fs::path(path) : stage.ociferry().home() / path;
  fs::path clean = fs::weakly_canonical(whole);
  return clean.has_filename() ? clean : clean.parent_path();
}

/// One moment at which the power could go: what was called before.
struct Moment {
  std::vector<const LoggedCall*> written;  ///< since the last sync: each may or may not be on the disk
  std::string synced;                      ///< what certainly is
  bool renamed = false;                    ///< the archive has its name, in memory at least
  bool durable = false;                    ///< its name is on the disk
};

void apply(std::string& content, const LoggedCall& call) {
  if (content.size() < call.offset + call.data.size()) content.resize(call.offset + call.data.size(), '\0');
  content.replace(call.offset, call.data.size(), call.data);
}

/// The moments of an export, in their order.
std::vector<Moment> moments(const std::vector<LoggedCall>& log, bool without_syncs = false) {
  std::vector<Moment> all;
  Moment now;
  for (const LoggedCall& call : log) {
    const bool of_archive = name_of_file(call.path) == "out.tar.partial" || name_of_file(call.path) == "out.tar";
    if (of_archive && (call.kind == "reserve" || call.kind == "truncate")) {
      now.synced.resize(call.size, '\0');
    } else if (of_archive && call.kind == "write") {
      now.written.push_back(&call);
    } else if (of_archive && call.kind == "sync" && !without_syncs) {
      for (const LoggedCall* write : now.written) apply(now.synced, *write);
      now.written.clear();
    } else if (call.kind == "rename" && name_of_file(call.to) == "out.tar") {
      now.renamed = true;
    } else if (call.kind == "sync" && now.renamed) {
      now.durable = true;
    } else {
      continue;
    }
    all.push_back(now);
  }
  return all;
}

/// What the disk may hold: any of the writes that were not synced, in most states all but some of the last ones.
std::string disk_at(const Moment& moment, std::mt19937_64& random) {
  std::string content = moment.synced;
  const std::size_t count = moment.written.size();
  const bool any = random() % 3 == 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool may_be_lost = any || i + 3 >= count;
    if (!may_be_lost || random() % 2 == 0) apply(content, *moment.written[i]);
  }
  return content;
}

/// Writes a file with holes where it has zeros, or without any, as file systems like FAT would.
void put(const fs::path& path, const std::string& content, bool with_holes) {
  constexpr std::size_t kBlock = 4096;
  write_text(path, with_holes ? "" : content);
  if (!with_holes) return;
  fs::resize_file(path, content.size());
  const UniqueFd file = open_file(path, 1);
  for (std::size_t at = 0; at < content.size(); at += kBlock) {
    const std::string block = content.substr(at, kBlock);
    if (block.find_first_not_of('\0') != std::string::npos) {
      pwrite_full(file.get(), as_bytes(block), at, path.string());
    }
  }
}

struct Figures {
  std::size_t states = 0;
  std::size_t corrupt = 0;
  std::size_t resumed = 0;
  std::size_t not_resumed = 0;
};

/// Loses the power in `states` ways, and runs the command again after `resumed` of them.
Figures lose_power(CallStage& stage, const std::vector<Moment>& all, std::size_t states, std::size_t resumed,
                   std::mt19937_64& random) {
  Figures figures;
  for (; figures.states < states; ++figures.states) {
    const Moment& moment = all[figures.states % all.size()];
    const std::string disk = disk_at(moment, random);
    const bool named = moment.durable || (moment.renamed && random() % 2 == 0);
    if (named && disk != stage.archive()) ++figures.corrupt;
    if (figures.resumed == resumed || random() % states >= 2 * resumed) continue;
    ++figures.resumed;
    stage.reset();
    put(stage.path(named ? "out.tar" : "out.tar.partial"), disk, random() % 2 == 0);
    const std::string wrong = judge_rerun(stage, Command::Export);
    CHECK_MESSAGE(wrong.empty(), wrong);
    figures.not_resumed += wrong.empty() ? 0 : 1;
  }
  return figures;
}

/// How many files get their names by a rename.
std::size_t renames_of(const CallStage& stage, Command command) {
  switch (command) {
    case Command::Split:
    case Command::ExportVolumes: return stage.after(command).size();       // with SHA256SUMS and the list
    case Command::CompactVolumes: return stage.after(command).size() + 1;  // and the list under another name, first
    case Command::ExportCompact: return 2;                                 // the plain archive first
    default: return 1;
  }
}

}  // namespace

TEST_CASE("every file that gets its name by a rename is synced before, and its directory afterwards") {
  CallStage& stage = fresh_stage();
  for (const Command command : kCommands) {
    const std::vector<LoggedCall> log = log_of(stage, command, false);
    std::size_t outputs = 0;
    for (std::size_t i = 0; i < log.size(); ++i) {
      const LoggedCall& rename = log[i];
      const fs::path target = resolved(stage, rename.to);
      if (rename.kind != "rename" || target.parent_path() != resolved(stage, ".")) continue;
      ++outputs;
      INFO(name_of(command) << ": " << rename.path << " -> " << rename.to);
      const fs::path from = fs::path(rename.path).lexically_normal();
      const auto concerns = [&](const LoggedCall& call) {
        const std::string path = fs::path(call.path).lexically_normal().string();
        return path.find(from.filename().string()) != std::string::npos &&
               path.find(from.parent_path().filename().string()) != std::string::npos;
      };
      const auto before = log.begin() + static_cast<std::ptrdiff_t>(i);
      const auto synced = std::find_if(std::make_reverse_iterator(before), log.rend(),
                                       [&](const LoggedCall& call) { return call.kind == "sync" && concerns(call); });
      REQUIRE(synced != log.rend());
      CHECK(std::none_of(synced.base(), before,
                         [&](const LoggedCall& call) { return call.kind == "write" && concerns(call); }));
      CHECK(std::any_of(before, log.end(), [&](const LoggedCall& call) {
        return call.kind == "sync" && resolved(stage, call.path) == target.parent_path();
      }));
    }
    CHECK(outputs == renames_of(stage, command));
  }
}

TEST_CASE("after a power loss the archive's name never leads to an incomplete archive") {
  std::mt19937_64 random(seed_of_run());
  CallStage& stage = fresh_stage();
  const std::vector<LoggedCall> log = log_of(stage, Command::Export, true);
  const Figures figures = lose_power(stage, moments(log), kStates, kResumed, random);
  CHECK(figures.corrupt == 0);
  CHECK(figures.resumed == kResumed);
  // The same disk, if it were never synced, would lose archives: that is what this test can see.
  CHECK(lose_power(stage, moments(log, true), kStates, 0, random).corrupt > 0);
}

TEST_CASE("power losses in all moments of exports" * doctest::skip()) {
  const std::uint64_t seed = seed_of_run();
  std::mt19937_64 random(seed);
  CallStage& stage = fresh_stage();
  for (const int jobs : {1, 4}) {
    const std::vector<LoggedCall> log = log_of(stage, Command::Export, true, jobs);
    const auto all = moments(log);
    const Figures figures = lose_power(stage, all, kAllStates / 2, kAllResumed / 2, random);
    CHECK(figures.corrupt == 0);
    std::cout << "power: seed " << seed << ", jobs " << jobs << ": " << all.size() << " moments, " << figures.states
              << " states, " << figures.corrupt << " corrupt; " << figures.resumed << " continued, "
              << figures.not_resumed << " failed" << std::endl;
  }
}

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <random>

#include "base/text.hpp"
#include "call_stage.hpp"
#include "support/seed.hpp"

// The nth system call of a kind fails, for each n until there is no nth one, in each command.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::size_t kSweepSample = 24;

/// How a run with the fault may end. Success must always be a right one: some calls do not matter.
enum class Expected { Success, Space, Io, IoOrBusy, Network };

struct Fault {
  std::string kind;
  std::string what;  ///< what CallScript is told
  Expected expected = Expected::Success;
  bool and_later = false;
};

std::vector<Fault> faults() {
  std::vector<Fault> all;
  const auto add = [&all](const std::string& kind, Expected expected, const std::vector<int>& reasons) {
    for (const int reason : reasons) all.push_back({kind, std::to_string(reason), expected});
  };
  add("open", Expected::Io, {EIO, EACCES, EMFILE});
  add("open", Expected::Success, {EINTR});
  add("open", Expected::Space, {ENOSPC});
  add("read", Expected::Io, {EIO});
  add("read", Expected::Success, {EINTR});
  all.push_back({"read", "short"});
  add("write", Expected::Space, {ENOSPC, EDQUOT, EFBIG});
  add("write", Expected::Io, {EIO});
  add("write", Expected::Success, {EINTR});
  all.push_back({"write", "short"});
  add("sync", Expected::Space, {ENOSPC, EDQUOT});
  add("sync", Expected::Io, {EIO});
  add("sync", Expected::Success, {EINTR});
  add("reserve", Expected::Space, {ENOSPC, EDQUOT, EFBIG});
  add("reserve", Expected::Io, {EIO});
  add("reserve", Expected::Success, {EINTR, EOPNOTSUPP});
  add("truncate", Expected::Space, {EFBIG});
  add("truncate", Expected::Io, {EIO});
  add("rename", Expected::Space, {ENOSPC, EDQUOT});
  add("rename", Expected::Io, {EIO, EACCES, EINVAL});
  add("close", Expected::Io, {EIO});
  add("close", Expected::Space, {EDQUOT});
  add("close", Expected::Success, {EINTR});
  add("remove", Expected::Io, {EIO});
  add("mkdir", Expected::Space, {ENOSPC, EDQUOT});
  add("mkdir", Expected::Io, {EACCES});
  add("link", Expected::Space, {ENOSPC});
  add("link", Expected::Io, {EPERM});
  add("lock", Expected::Io, {EIO});
  add("lock", Expected::IoOrBusy, {EWOULDBLOCK});
  add("lock", Expected::Success, {EINTR, EOPNOTSUPP, ENOLCK});
  add("attributes", Expected::Io, {EIO, EPERM});
  add("connect", Expected::Success, {ECONNREFUSED});
  add("connect", Expected::Io, {EMFILE});
  add("send", Expected::Success, {EPIPE, ECONNRESET});
  add("receive", Expected::Success, {ECONNRESET});
  for (const char* kind : {"connect", "send", "receive"}) {
    all.push_back({kind, std::to_string(ECONNRESET), Expected::Network, true});
  }
  for (const char* kind : {"write", "reserve"}) {
    all.push_back({kind, std::to_string(ENOSPC), Expected::Space, true});
  }
  return all;
}

struct Point {
  Command command = Command::Push;
  Fault fault;
  std::size_t number = 0;
};

std::string to_string(const Point& point) {
  return text::cat(name_of(point.command), ": ", point.fault.kind, " ", point.number, point.fault.and_later ? "+" : "",
                   " ", point.fault.what);
}

bool may_end_with(Expected expected, int exit_code) {
  switch (expected) {
    case Expected::Success: return false;
    case Expected::Space: return exit_code == 30;
    case Expected::Io: return exit_code == 31;
    case Expected::IoOrBusy: return exit_code == 31 || exit_code == 32;
    case Expected::Network: return exit_code == 23;
  }
  return false;
}

/// What the message lacks.
std::string judge_message(const Fault& fault, const Outcome& outcome) {
  const auto says = [&](std::string_view word) { return outcome.err.find(word) != std::string::npos; };
  std::string wrong;
  if (says("standard output")) return wrong;
  if (!says("Error: ")) wrong += "  no error is told\n";
  if (!says("/") && !says("t.tar") && !says("pulled") && !says("unpacked") && !says("lock.yml"))
    wrong += "  the message names no place\n";
  const bool moves_bytes = fault.kind == "write" || fault.kind == "read";
  if (moves_bytes && fault.expected == Expected::Io && !says("offset")) wrong += "  the message names no offset\n";
  if (outcome.exit_code == 30 && (moves_bytes || fault.kind == "reserve") && !says("bytes")) {
    wrong += "  the message does not say how much room is needed\n";
  }
  return wrong;
}

class Sweep {
 public:
  /// What is wrong with how the run ended; empty if nothing is.
  std::string judge(const Point& point) {
    stage_.reset();
    const std::string plus = point.fault.and_later ? "+" : "";
    const Outcome outcome =
        stage_.run(point.command,
                   fault_script(stage_, text::cat(point.fault.kind, ":", point.number, plus, ":", point.fault.what)));
    hit_ = was_hit(stage_);
    std::string wrong;
    if (outcome.exit_code != 0) {
      if (!may_end_with(point.fault.expected, outcome.exit_code)) wrong += "  ended with the wrong exit code\n";
      wrong += judge_message(point.fault, outcome);
      wrong += judge_state(stage_, point.command);
    } else if (stage_.visible(point.command) != stage_.after(point.command)) {
      wrong += "  succeeded with another result\n";
    }
    if (hit_) wrong += judge_rerun(stage_, point.command);
    if (wrong.empty()) return wrong;
    return text::cat(to_string(point), "\n", wrong, "  ended with ", outcome.exit_code, " ", outcome.err);
  }
  [[nodiscard]] bool hit() const { return hit_; }
  CallStage& stage() { return stage_; }

 private:
  CallStage& stage_ = fresh_stage();
  bool hit_ = false;
};

}  // namespace

TEST_CASE("a sample of system calls that fail ends as it must") {
  std::mt19937_64 random(seed_of_run());
  Sweep sweep;
  std::size_t hits = 0;
  const std::vector<Fault> all = faults();
  for (std::size_t i = 0; i < kSweepSample; ++i) {
    Point point{kCommands[random() % kCommands.size()], all[random() % all.size()], 1 + random() % 12};
    std::string wrong = sweep.judge(point);
    for (; !sweep.hit() && point.number > 1; wrong = sweep.judge(point)) point.number = 1 + point.number / 3;
    CHECK_MESSAGE(wrong.empty(), wrong);
    hits += sweep.hit() ? 1 : 0;
  }
  CHECK(hits > kSweepSample / 4);
}

TEST_CASE("a fault named on the command line" * doctest::skip()) {
  const char* wanted = std::getenv("OCIFERRY_FAULT");  // COMMAND:KIND:N:WHAT
  if (wanted == nullptr) return;
  const auto words = text::split(wanted, ':');
  const auto command = std::ranges::find(kCommands, words.at(0), name_of);
  REQUIRE(command != kCommands.end());
  Sweep sweep;
  const std::string wrong = sweep.judge({*command, {words.at(1), words.at(3)}, std::stoul(words.at(2))});
  std::cout << (sweep.hit() ? "hit\n" : "not hit\n") << wrong << std::endl;
}

TEST_CASE("every system call that can fail, failing in every way, ends as it must" * doctest::skip()) {
  const std::vector<Command> commands = chosen_commands();
  Sweep sweep;
  std::size_t points = 0;
  std::size_t failed = 0;
  for (const Command command : commands) {
    for (const Fault& fault : faults()) {
      for (std::size_t number = 1;; ++number) {
        const std::string wrong = sweep.judge({command, fault, number});
        CHECK_MESSAGE(wrong.empty(), wrong);
        failed += wrong.empty() ? 0 : 1;
        if (!sweep.hit()) break;
        ++points;
      }
    }
    std::cout << name_of(command) << ": " << points << " points so far, " << failed << " failed" << std::endl;
  }
  std::cout << "calls: " << faults().size() << " faults, " << commands.size() << " commands: " << points << " points, "
            << failed << " failed" << std::endl;
}

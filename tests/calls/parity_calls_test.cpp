#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "call_stage.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

// protect and repair with a system call that fails, or that is the last one: what they write is whole or not there.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

/// A damaged archive and the parity of the whole one.
class ParityStage {
 public:
  ParityStage() {
    write_text(stage_.path("whole.tar"), stage_.archive());
    REQUIRE(run({"protect", "whole.tar", "--parity", "20%", "-o", "whole.tar.parity"}).exit_code == 0);
    parity_ = read_text(stage_.path("whole.tar.parity"));
    std::string damaged = stage_.archive();
    for (std::size_t i = 0; i < damaged.size() / 10; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
    write_text(stage_.path("damaged.tar"), damaged);
  }

  Outcome run(const Words& words, const Variables& script = {}) { return stage_.ociferry().run(words, script); }
  [[nodiscard]] const CallStage& stage() const { return stage_; }
  [[nodiscard]] const std::string& parity() const { return parity_; }

 private:
  CallStage& stage_ = fresh_stage();
  std::string parity_;
};

/// A command with one output.
struct OneOutput {
  Words words;
  std::string output;
  std::string expected;
};

std::string judge(ParityStage& place, const OneOutput& one, const std::string& fault) {
  const fs::path output = place.stage().path(one.output);
  const fs::path partial = place.stage().path(one.output + ".partial");
  fs::remove(output);
  fs::remove(place.stage().path("hit"));
  const Outcome outcome = place.run(one.words, fault_script(place.stage(), fault));
  std::string wrong;
  const bool is_killed = outcome.signal == SIGKILL;
  if (fs::exists(output) && read_text(output) != one.expected) wrong += "  what has the name is not whole\n";
  if (outcome.exit_code == 0 && !is_killed && !fs::exists(output)) wrong += "  it succeeded, and wrote nothing\n";
  if (!is_killed && fs::exists(partial)) wrong += "  a partial file is left\n";
  const Outcome again = place.run(one.words);
  if (again.exit_code != 0) wrong += text::cat("  the same command fails then: ", again.err);
  if (!fs::exists(output) || read_text(output) != one.expected) wrong += "  and does not write what it should\n";
  if (fs::exists(partial)) wrong += "  and leaves a partial file\n";
  return wrong.empty() ? wrong : text::cat(one.words.front(), " ", fault, ": ", outcome.err, "\n", wrong);
}

/// The volumes of parity `name` behind one another; with `unfinished` also those that still are partial files.
std::string joined(const CallStage& stage, const std::string& name, bool unfinished) {
  std::string all;
  for (int number = 1;; ++number) {
    const fs::path volume = stage.path(text::cat(name, ".00", number));
    const fs::path partial = volume.string() + ".partial";
    if (unfinished && fs::exists(partial)) {
      all += read_text(partial);
    } else if (fs::exists(volume)) {
      all += read_text(volume);
    } else {
      return all;
    }
  }
}

/// Parity in volumes, which replaces some of another percentage.
class ReplacedVolumes {
 public:
  explicit ReplacedVolumes(ParityStage& place) : place_(place) {
    older_ = written(words("40%"));
    newer_ = written(words("50%"));
    REQUIRE(older_ != newer_);
    write_text(place_.stage().path("v.009"), "mine");
  }

  /// What is wrong after a run with a fault, and after one without.
  std::string judge(const std::string& fault, std::string_view says) {
    REQUIRE(written(words("40%")) == older_);
    fs::remove(place_.stage().path("hit"));
    const Outcome outcome = place_.run(words("50%"), fault_script(place_.stage(), fault));
    std::string wrong;
    const bool is_left = joined(place_.stage(), "v", false) == older_ || joined(place_.stage(), "v", true) == newer_;
    if (!is_left) wrong += "  neither the older nor the new parity is left whole\n";
    if (outcome.err.find(says) == std::string::npos) wrong += "  it does not say so\n";
    const Outcome again = place_.run(words("50%"));
    if (again.exit_code != 0) wrong += text::cat("  the same command fails then: ", again.err);
    if (joined(place_.stage(), "v", false) != newer_) wrong += "  and does not write what it should\n";
    if (read_text(place_.stage().path("v.009")) != "mine") wrong += "  and replaces a file of the user\n";
    for (const std::string& name : place_.stage().names()) {
      if (name.ends_with(".partial")) wrong += text::cat("  and leaves ", name, "\n");
    }
    return wrong.empty() ? wrong : text::cat(fault, ": ", outcome.err, "\n", wrong);
  }

 private:
  static Words words(const std::string& percent) {
    return {"protect", "whole.tar", "--parity", percent, "-o", "v", "--volume-size", "64K"};
  }
  std::string written(const Words& words) {
    REQUIRE(place_.run(words).exit_code == 0);
    return joined(place_.stage(), "v", false);
  }

  ParityStage& place_;
  std::string older_;
  std::string newer_;
};

}  // namespace

TEST_CASE("protect and repair leave no incomplete file when they fail or are killed, and resume") {
  ParityStage place;
  const std::vector<OneOutput> commands{
      {{"protect", "whole.tar", "--parity", "20%", "-o", "p.parity"}, "p.parity", place.parity()},
      {{"repair", "damaged.tar", "--parity", "whole.tar.parity", "-o", "new.tar"}, "new.tar", place.stage().archive()}};
  Dice dice(seed_of_run());
  for (const OneOutput& one : commands) {
    std::size_t hits = 0;
    for (const std::string fault :
         {"read:30:5", "write:1:28", "write:3:5", "write:5:28", "sync:1:5", "rename:1:5", "reserve:1:28"}) {
      const std::string wrong = judge(place, one, fault);
      CHECK_MESSAGE(wrong.empty(), wrong);
      hits += was_hit(place.stage()) ? 1 : 0;
    }
    CHECK(hits >= 5);
    for (std::size_t call = 1 + dice.below(12);; call += 1 + dice.below(70)) {
      const std::string wrong = judge(place, one, text::cat("any:", call, dice.one_in(3) ? ":torn" : ":kill"));
      CHECK_MESSAGE(wrong.empty(), wrong);
      if (!was_hit(place.stage())) break;
      ++hits;
    }
    CHECK(hits > 5);
  }
}

TEST_CASE("parity in volumes that replaces other is never lost with it, whatever fails and wherever it is killed") {
  ParityStage place;
  ReplacedVolumes volumes(place);
  for (const std::string fault : {"rename:1:5", "rename:2:30", "remove:1:5", "remove:2:30"}) {
    const std::string wrong = volumes.judge(fault, "are whole, but still have .partial behind their names");
    CHECK_MESSAGE(wrong.empty(), wrong);
    CHECK(was_hit(place.stage()));
  }
  std::size_t hits = 0;
  Dice dice(seed_of_run());
  for (std::size_t call = 1 + dice.below(12);; call += 1 + dice.below(20)) {
    const std::string wrong = volumes.judge(text::cat("any:", call, dice.one_in(3) ? ":torn" : ":kill"), "");
    CHECK_MESSAGE(wrong.empty(), wrong);
    if (!was_hit(place.stage())) break;
    ++hits;
  }
  CHECK(hits > 5);
}

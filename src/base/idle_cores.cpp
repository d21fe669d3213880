#include "base/idle_cores.hpp"

#include <array>
#include <sstream>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// A core that is idle for less than this is needed: what feeds a network and a disk runs there.
constexpr double kMostlyIdle = 0.75;

std::optional<CoreTicks> ticks_now() {
  constexpr std::size_t kLongest = 1024 * 1024;  // a line for each core, and one for all interrupts
  try {
    return parse_core_ticks(read_file("/proc/stat", kLongest));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<CoreTicks> parse_core_ticks(std::string_view proc_stat) {
  std::istringstream line{std::string(proc_stat.substr(0, proc_stat.find('\n')))};
  std::string name;
  // user, nice, system, idle, iowait, irq, softirq, steal; what guests had is in the first two
  std::array<std::uint64_t, 8> ticks{};
  if (!(line >> name) || name != "cpu") return std::nullopt;
  CoreTicks all;
  for (std::uint64_t& one : ticks) {
    if (!(line >> one)) return std::nullopt;
    all.all += one;
  }
  all.idle = ticks[3] + ticks[4];
  return all;
}

double idle_between(const CoreTicks& before, const CoreTicks& now, unsigned cores) noexcept {
  // The kernel's figures can go back a little.
  if (now.all <= before.all || now.idle <= before.idle) return 0;
  return static_cast<double>(now.idle - before.idle) * cores / static_cast<double>(now.all - before.all);
}

bool IdleCores::has_one() {
  const auto time = std::chrono::steady_clock::now();
  if (before_ && time - since_ < kWatched) return false;
  const auto now = ticks_now();
  if (!now) return true;
  const bool has = before_ && idle_between(*before_, *now, std::thread::hardware_concurrency()) >= kMostlyIdle;
  before_ = now;
  since_ = time;
  return has;
}

}  // namespace ociferry

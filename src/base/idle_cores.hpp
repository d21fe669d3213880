#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ociferry {

/// The time of all cores of a machine since it started, in ticks of the kernel.
struct CoreTicks {
  std::uint64_t all = 0;
  std::uint64_t idle = 0;  ///< of that: nothing to do, or waiting for a disk
};
/// Reads what /proc/stat says (proc_stat(5)); nullopt if it is something else.
[[nodiscard]] std::optional<CoreTicks> parse_core_ticks(std::string_view proc_stat);

/// Watches whether a core of the machine has nothing to do, whatever process the others work for. Where this process
/// may use some of the cores only, these are taken to be as busy as all. Used by one thread.
class IdleCores {
 public:
  /// True if one core or more had nothing to do, most of the time, since the last result. False until that is kWatched
  /// ago; true where the kernel does not tell.
  [[nodiscard]] bool has_one();

  static constexpr std::chrono::milliseconds kWatched{100};

 private:
  std::optional<CoreTicks> before_ = {};
  std::chrono::steady_clock::time_point since_ = {};
};

/// How many of `cores` cores were idle between two looks.
[[nodiscard]] double idle_between(const CoreTicks& before, const CoreTicks& now, unsigned cores) noexcept;

}  // namespace ociferry

#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/forwarding_progress.hpp"
#include "medium/device_counters.hpp"
#include "medium/pace.hpp"

namespace ociferry {

/// "NAME is slower than it was: ..."
void warn_of_slowdown(const std::string& name, const Slowdown& slowdown, Progress& progress);

/// Warns if media become slower while they are read or written. Uses the system's counters of bytes and busy time of
/// their devices, so that neither a network nor memory counts; media without counters are not watched. Forwards to
/// another Progress. Thread-safe.
class WatchedMedia final : public ForwardingProgress {
 public:
  enum class Direction { Reading, Writing };
  /// What it asks.
  struct Sources {
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
    std::function<std::optional<DeviceCounters>(dev_t)> counters = device_counters;
  };

  /// `to` must outlive it. `paths`: files or directories; those that do not exist stand for their directory.
  WatchedMedia(Progress& to, Direction direction, const std::vector<std::filesystem::path>& paths, Sources sources);
  WatchedMedia(Progress& to, Direction direction, const std::vector<std::filesystem::path>& paths)
      : WatchedMedia(to, direction, paths, usual_sources()) {}

  /// What is asked where no others are given: the system. A program may set others before it starts threads: for tests
  /// of whole commands.
  [[nodiscard]] static Sources& usual_sources();

  /// Warns of each medium that has become slower. Call it when the work is done.
  void finish();

  void advance(std::int64_t bytes) override;

 private:
  struct Device {
    std::string name;
    DeviceCounters last;
    Pace pace = {};
  };
  void sample();

  Direction direction_;
  Sources sources_;
  std::mutex mutex_;
  std::map<dev_t, Device> devices_;
  std::chrono::steady_clock::time_point sampled_;
};

}  // namespace ociferry

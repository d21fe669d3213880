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

#include "medium/device_counters.hpp"
#include "medium/pace.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// "NAME is slower than it was: ..."
void warn_of_slowdown(const std::string& name, const Slowdown& slowdown, Progress& progress);

/// Warns if media become slower while they are read or written. Uses the system's counters of bytes and busy time of
/// their devices, so that neither a network nor memory counts; media without counters are not watched. Forwards to
/// another Progress. Thread-safe.
class WatchedMedia final : public Progress {
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

  void phase(std::string_view name, std::uint64_t total_bytes) override { to_.phase(name, total_bytes); }
  void advance(std::int64_t bytes) override;
  void skip(std::int64_t bytes) override { to_.skip(bytes); }
  void wait(const Wait& wait) override { to_.wait(wait); }
  void event(std::string_view line) override { to_.event(line); }
  void warn(std::string_view line) override { to_.warn(line); }
  void notice(std::string_view lines) override { to_.notice(lines); }
  void moved(const MovedTag& tag) override { to_.moved(tag); }
  void debug(std::string_view line) override { to_.debug(line); }

 private:
  struct Device {
    std::string name;
    DeviceCounters last;
    Pace pace = {};
  };
  void sample();

  Progress& to_;
  Direction direction_;
  Sources sources_;
  std::mutex mutex_;
  std::map<dev_t, Device> devices_;
  std::chrono::steady_clock::time_point sampled_;
};

}  // namespace ociferry

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ociferry {

/// What a block device has done since the system started, for all programs.
struct DeviceCounters {
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::chrono::milliseconds busy{0};  ///< in which it had something to do
};

/// The content of a "stat" file of sysfs. nullopt if it is not one.
[[nodiscard]] std::optional<DeviceCounters> parse_device_counters(std::string_view text);

/// Of the device that a file lies on (stat's st_dev). nullopt if it is none that Linux counts for: a network, memory,
/// a file system of several devices.
[[nodiscard]] std::optional<DeviceCounters> device_counters(dev_t device);

}  // namespace ociferry

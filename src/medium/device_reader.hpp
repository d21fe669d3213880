#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "medium/medium.hpp"
#include "medium/pace.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

/// Opens files so that they are read from their device, past the memory that caches them: what was written and is
/// still in memory is written first, and every read asks the device (O_DIRECT). Where a file system refuses that, the
/// cached bytes are dropped when the file is opened, with a warning. Thread-safe; the media that it opens keep what
/// they need of it.
class DeviceReader {
 public:
  /// `progress` must outlive it and its media. `now`: for tests.
  explicit DeviceReader(Progress& progress, BusyTime::Now now = std::chrono::steady_clock::now);

  /// Opens the regular file at `path`, whose size must not change; null if something else is there. Throws
  /// Error{NotFound}, Error{Io}. The medium throws Error{Io} naming the range that cannot be read.
  [[nodiscard]] std::unique_ptr<Medium> open(const std::filesystem::path& path);

  /// Bytes that were read from devices, and the time in which these were at work.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::chrono::nanoseconds busy() const;
  /// False if a file system has refused, so that memory may have answered.
  [[nodiscard]] bool is_past_cache() const;
  /// If the devices have become slower.
  [[nodiscard]] std::optional<Slowdown> slowdown() const;

  /// For messages, "; ...": what is to be told of wrong bytes of `file` from `from` to `to` that were read, such as
  /// that they repeat others. May be empty.
  [[nodiscard]] std::string tell_of(const std::string& file, std::uint64_t from, std::uint64_t to) const;

 private:
  struct Shared;
  class File;
  std::shared_ptr<Shared> shared_;
};

}  // namespace ociferry

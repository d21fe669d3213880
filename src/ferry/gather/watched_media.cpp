#include "ferry/gather/watched_media.hpp"

#include <sys/stat.h>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::chrono::seconds kSampleEvery{1};

/// The device of `path` or, if nothing is there, of its directory.
std::optional<dev_t> device_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_dev;
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (::stat(directory.c_str(), &status) == 0) return status.st_dev;
  return std::nullopt;
}

}  // namespace

void warn_of_slowdown(const std::string& name, const Slowdown& slowdown, Progress& progress) {
  progress.warn(text::cat("the medium of ", name, " is slower than it was: ", text::human_bytes(slowdown.at_first),
                          " a second at first, ", text::human_bytes(slowdown.at_last), " a second in the last ",
                          slowdown.lasting.count(),
                          " s of its work; it may be hot or full, or failing: ociferry verify --medium reads it back"));
}

WatchedMedia::Sources& WatchedMedia::usual_sources() {
  static Sources sources;
  return sources;
}

WatchedMedia::WatchedMedia(Progress& to, Direction direction, const std::vector<std::filesystem::path>& paths,
                           Sources sources)
    : ForwardingProgress(to), direction_(direction), sources_(std::move(sources)), sampled_(sources_.now()) {
  for (const auto& path : paths) {
    const auto device = device_of(path);
    if (!device || devices_.contains(*device)) continue;
    if (const auto counters = sources_.counters(*device)) devices_.emplace(*device, Device{path.string(), *counters});
  }
}

void WatchedMedia::advance(std::int64_t bytes) {
  to().advance(bytes);
  if (devices_.empty()) return;
  const auto now = sources_.now();
  // Another thread is at it, or was just now.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || now - sampled_ < kSampleEvery) return;
  sampled_ = now;
  sample();
}

void WatchedMedia::sample() {
  for (auto& [number, device] : devices_) {
    const auto counters = sources_.counters(number);
    // A device that was taken out, and put in again, counts from 0.
    if (!counters || counters->busy < device.last.busy || counters->read_bytes < device.last.read_bytes ||
        counters->written_bytes < device.last.written_bytes) {
      if (counters) device.last = *counters;
      continue;
    }
    const std::uint64_t read = counters->read_bytes - device.last.read_bytes;
    const std::uint64_t written = counters->written_bytes - device.last.written_bytes;
    // A span in which the other direction moves more bytes is not measured.
    const auto busy = counters->busy - device.last.busy;
    const std::uint64_t moved = read + written;
    const std::uint64_t ours = direction_ == Direction::Reading ? read : written;
    if (ours * 2 >= moved && moved > 0) device.pace.add(moved, busy);
    device.last = *counters;
  }
}

void WatchedMedia::finish() {
  const std::lock_guard lock(mutex_);
  sample();
  for (const auto& [number, device] : devices_) {
    if (const auto slowdown = device.pace.slowdown()) warn_of_slowdown(device.name, *slowdown, to());
  }
}

}  // namespace ociferry

#include "medium/device_counters.hpp"

#include <sys/sysmacros.h>

#include <array>
#include <charconv>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

std::optional<DeviceCounters> parse_device_counters(std::string_view text) {
  constexpr std::uint64_t kSector = 512;  // whatever the device has
  constexpr std::size_t kReadSectors = 2;
  constexpr std::size_t kWrittenSectors = 6;
  constexpr std::size_t kBusy = 9;
  std::array<std::uint64_t, kBusy + 1> fields{};
  for (std::uint64_t& field : fields) {
    text = text.substr(std::min(text.find_first_not_of(' '), text.size()));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), field);
    if (error != std::errc()) return std::nullopt;
    text = text.substr(static_cast<std::size_t>(end - text.data()));
  }
  return DeviceCounters{.read_bytes = fields[kReadSectors] * kSector,
                        .written_bytes = fields[kWrittenSectors] * kSector,
                        .busy = std::chrono::milliseconds(fields[kBusy])};
}

std::optional<DeviceCounters> device_counters(dev_t device) {
  constexpr std::uint64_t kMost = 4096;
  try {
    return parse_device_counters(
        read_file(text::cat("/sys/dev/block/", ::gnu_dev_major(device), ":", ::gnu_dev_minor(device), "/stat"), kMost));
  } catch (const Error&) {
    return std::nullopt;  // no block device, or no sysfs: then nothing is known of it
  }
}

}  // namespace ociferry

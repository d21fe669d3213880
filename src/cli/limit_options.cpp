#include "cli/limit_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 62;

/// The bytes of a unit; 0 if unknown.
std::uint64_t bytes_in(std::string_view unit) {
  constexpr std::string_view kPrefixes = "KMGTPE";
  if (unit.empty() || unit == "B") return 1;
  const auto power = kPrefixes.find(unit.front() == 'k' ? 'K' : unit.front());
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "iB")) return 0;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i) bytes *= rest == "B" ? 1000 : 1024;
  return bytes;
}

}  // namespace

std::uint64_t parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::uint64_t unit = bytes_in(text.substr(static_cast<std::size_t>(end - text.data())));
  if (failure != std::errc{} || unit == 0 || number == 0 || number > kLargestSize / unit) {
    throw Error(ErrorCode::Usage, fmt::format("'{}' is not a size such as 500G or 2TiB", text));
  }
  return number * unit;
}

void declare_limits(Arguments& arguments) {
  constexpr int kMost = std::numeric_limits<int>::max();
  arguments.heading("Limits");
  arguments.text("max-unpacked-size", "SIZE", "Most bytes that an image may unpack to (default: 1TiB)");
  arguments.optional_number("max-unpack-ratio", 1, kMost,
                            "How many times its size a layer may unpack to, beyond 64MiB (default: 1000)");
  arguments.optional_number("max-members", 1, kMost, "Most files and directories in an image (default: 2000000)");
}

UnpackLimits read_limits(const Arguments& arguments) {
  UnpackLimits limits;
  if (const auto size = arguments.optional_text("max-unpacked-size")) limits.bytes = parse_size(*size);
  if (const auto ratio = arguments.optional_number_of("max-unpack-ratio")) {
    limits.ratio = static_cast<std::uint64_t>(*ratio);
  }
  if (const auto members = arguments.optional_number_of("max-members")) {
    limits.members = static_cast<std::uint64_t>(*members);
  }
  return limits;
}

}  // namespace ociferry

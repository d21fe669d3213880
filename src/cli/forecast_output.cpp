#include "cli/forecast_output.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr int kMostCores = 4096;

void forecast_line(Console& console, std::string_view name, const std::string& value) {
  console.result(fmt::format("  {:<10} {}", name, value));
}

std::string between(const std::string& least, const std::string& most) {
  return least == most ? least : fmt::format("{} to {}", least, most);
}

std::string shown_seconds(const Between& seconds) { return between(duration(seconds.least), duration(seconds.most)); }

std::string shown_percent(const CompactForecast& forecast) {
  const auto percent = [&](std::uint64_t bytes) {
    const auto whole = static_cast<double>(forecast.archive_bytes == 0 ? 1 : forecast.archive_bytes);
    const double part = 100.0 * static_cast<double>(bytes) / whole;
    return part < 10.0 ? fmt::format("{:.1f}", part) : fmt::format("{:.0f}", part);
  };
  return between(percent(forecast.compact_bytes.least), percent(forecast.compact_bytes.most));
}

Json between_json(const Between& between) { return Json::Object{{"least", between.least}, {"most", between.most}}; }

Between seconds_at(const Between& bytes, std::uint64_t rate) {
  return {seconds_for(bytes.least, rate), seconds_for(bytes.most, rate)};
}

std::string shown_volumes(const Between& bytes, std::uint64_t each) {
  const auto count = [&](std::uint64_t all) { return fmt::format("{}", all / each + (all % each == 0 ? 0 : 1)); };
  return between(count(bytes.least), count(bytes.most));
}

}  // namespace

void declare_cores(Arguments& arguments) {
  arguments.optional_number("cores", 1, kMostCores,
                            "With --dry-run: how many cores there are on each side, to tell how long the work takes "
                            "(default: as many as here)");
}

ForecastRule forecast_rule_of(const Arguments& arguments, const std::optional<ParityRule>& parity) {
  const auto cores = arguments.optional_number_of("cores");
  if (cores && !arguments.on("dry-run")) throw Error(ErrorCode::Usage, "--cores goes with --dry-run only");
  return {.cores = cores ? static_cast<std::size_t>(*cores) : 0, .parity_percent = parity ? parity->percent : 0};
}

void print_forecast(const CompactForecast& forecast, const VolumeRule& volumes, const DryRun& dry_run,
                    Console& console) {
  const Between& bytes = forecast.compact_bytes;
  if (!forecast.is_studied) {
    console.result("That is the plain archive, which is written first, and removed at the end");
  }
  const std::string sizes = between(text::human_bytes(bytes.least), text::human_bytes(bytes.most));
  console.result(fmt::format("Compact: {}{}, {} % of the plain archive's {}{}", forecast.is_studied ? "" : "usually ",
                             sizes, shown_percent(forecast), text::human_bytes(forecast.archive_bytes),
                             forecast.is_studied ? "" : "; how much shows when its layers are read"));
  if (forecast.of_base.count > 0) {
    forecast_line(console, "left out",
                  fmt::format("{}, {}, since the older archive has them", count(forecast.of_base.count, "blob"),
                              text::human_bytes(forecast.of_base.bytes)));
  }
  if (volumes.bytes > 0) forecast_line(console, "volumes", shown_volumes(bytes, volumes.bytes));
  forecast_line(console, "room", forecast.lack_of_room ? "MAY NOT FIT: " + *forecast.lack_of_room : "enough");
  const std::string cores = fmt::format("of work on {}", count(forecast.cores, "core"));
  forecast_line(console, "making", fmt::format("{} {}", shown_seconds(forecast.making_seconds), cores));
  forecast_line(console, "reading", fmt::format("{} {}", shown_seconds(forecast.reading_seconds), cores));
  if (!dry_run.rate) return;
  forecast_line(console, "carrying",
                fmt::format("{} at {} a second", shown_seconds(seconds_at(bytes, *dry_run.rate)),
                            text::human_bytes(*dry_run.rate)));
}

Json forecast_json(const CompactForecast& forecast, const DryRun& dry_run) {
  return Json::Object{
      {"studied", forecast.is_studied},
      {"archiveBytes", forecast.archive_bytes},
      {"compactBytes", between_json(forecast.compact_bytes)},
      {"unpackedBytes", between_json(forecast.unpacked_bytes)},
      {"leftOut", Json::Object{{"blobs", std::uint64_t{forecast.of_base.count}}, {"bytes", forecast.of_base.bytes}}},
      {"cores", std::uint64_t{forecast.cores}},
      {"makingSeconds", between_json(forecast.making_seconds)},
      {"readingSeconds", between_json(forecast.reading_seconds)},
      {"carryingSeconds", dry_run.rate ? between_json(seconds_at(forecast.compact_bytes, *dry_run.rate)) : Json()},
      {"roomBytes", between_json(forecast.room_bytes)},
      {"freeBytes", forecast.free_bytes},
      {"lackOfRoom", forecast.lack_of_room ? Json(*forecast.lack_of_room) : Json()}};
}

}  // namespace ociferry

#include "ociferry/compact_forecast.hpp"
#include "ferry/write/inputs_stay.hpp"

#include <memory>

#include "archive/zstd_sink.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/plain_archive.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/compact_estimate.hpp"
#include "ferry/write/compact_output.hpp"
#include "layout/compact/compact_writer.hpp"
#include "layout/foreign/packed_archive.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

// What a forecast of one of these is wrong by at most, and how much smaller than fast small is, in percent.
constexpr std::uint64_t kErrorPercent = 10;
constexpr std::uint64_t kSmallOfFast = 90;

class CountingSink : public ByteSink {
 public:
  void write(Bytes bytes) override { count_ += bytes.size(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t count_ = 0;
};

std::uint64_t percent_of(std::uint64_t bytes, std::uint64_t percent) { return bytes / 100 * percent; }

}  // namespace

CompactForecast forecast_compact(const CompactOptions& options, const ForecastRule& rule, const Context& context) {
  check_inputs_stay({.copied = {options.archive}, .bases = options.since}, options.output, options.volumes,
                    context.volumes);
  check_compact_output(options.output, options.volumes, options.force);
  const auto since = open_older(options.since, context);
  const auto [archive, layers] = open_plain(options.archive, context);
  ArchiveReader& sealed = *archive->sealed();  // open_plain() takes no others
  const std::filesystem::path output = options.volumes.divides() ? options.output : behind_links(options.output);
  const std::filesystem::path work = work_directory_of(options.work_directory, output);
  const std::filesystem::path directory = options.work_directory.empty() ? temporary_directory() : work;
  std::unique_ptr<compact::BaseContents> base;
  std::uint64_t base_bytes = 0;
  if (!since.empty()) {
    base = std::make_unique<compact::BaseContents>(since, directory, context.unpack, *context.progress, context.stop);
    base_bytes = base->unpacked_bytes();
  }
  const auto studied = compact::study_archive(sealed, base.get(), layers, directory, compact::Recipes::Sampled,
                                              jobs_or_cores(context.jobs), *context.progress, context.stop);
  CompactForecast forecast{.archive_bytes = sealed.total_bytes(), .is_studied = true};
  std::uint64_t recipes = 0;
  std::uint64_t unpacked = 0;
  const std::vector<Descriptor> blobs = sealed.blobs();
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const compact::LayerForm& form = studied->blobs[i];
    recipes += form.recipe_bytes;
    unpacked += form.unpacked_bytes;
    if (form.kind != compact::MemberKind::Whole) continue;
    forecast.of_base.add(blobs[i].size);
  }
  CountingSink counted;
  ZstdSink packed(counted, zstd_level_of(CompactEffort::Fast));
  compact::write_compact(sealed, *studied, base.get(), packed, *context.progress, context.stop);
  packed.finish();
  std::uint64_t bytes = counted.count();
  if (options.effort == CompactEffort::Small) bytes = percent_of(bytes, kSmallOfFast);
  bytes += recipes;
  forecast.compact_bytes = {percent_of(bytes, 100 - kErrorPercent), percent_of(bytes, 100 + kErrorPercent)};
  forecast.unpacked_bytes = {unpacked, unpacked};
  estimate_times(forecast, options.effort, rule.cores);
  const std::uint64_t beside = recipes + base_bytes;
  estimate_room(forecast, output, options.volumes, rule.parity_percent, {.directory = work, .bytes = {beside, beside}});
  return forecast;
}

}  // namespace ociferry

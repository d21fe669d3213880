#include <filesystem>

#include "base/text.hpp"
#include "ferry/gather/baseline_reader.hpp"
#include "ferry/gather/registries.hpp"
#include "ferry/gather/requested_set.hpp"
#include "ferry/write/archive_forecast.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/inputs_stay.hpp"
#include "ferry/write/stream_archive.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/plan.hpp"
#include "ociferry/streams.hpp"

namespace ociferry {

ExportPlan plan_export(const ExportOptions& options, const Context& context) {
  if (options.archive != kStreamName) {
    check_inputs_stay({.bases = options.have}, options.archive, options.volumes, context.volumes);
    check_output(options.archive, options.force, options.volumes);
  }
  Registries registries(context, options.gather);
  std::vector<Reference> left_out;
  const ArchiveForm form{.baseline = read_baseline(options.have, options.for_each_site, context),
                         .volumes = options.volumes,
                         .force = options.force};
  return plan_archive_of(requested_set(options, registries, context, left_out), options.archive, context, form);
}

TransferReport export_archive(const ExportOptions& options, const Context& context) {
  check_inputs_stay({.bases = options.have}, options.archive, options.volumes, context.volumes);
  check_output(options.archive, options.force, options.volumes);
  Registries registries(context, options.gather, Traffic::Many);
  std::vector<Reference> left_out;
  const ArchiveForm form{.baseline = read_baseline(options.have, options.for_each_site, context),
                         .volumes = options.volumes,
                         .force = options.force,
                         .verify_medium = options.verify_medium};
  ImageSet set = requested_set(options, registries, context, left_out);
  TransferReport report = write_archive(std::move(set), options.archive, context, form);
  report.left_out = std::move(left_out);
  return report;
}

TransferReport export_to_stream(const ExportOptions& options, const StreamOutput& to, const Context& context) {
  check_stream_output(to);
  Registries registries(context, options.gather, Traffic::Many);
  std::vector<Reference> left_out;
  const ArchiveForm form{.baseline = read_baseline(options.have, options.for_each_site, context)};
  TransferReport report = stream_archive(requested_set(options, registries, context, left_out), to, context, form);
  report.left_out = std::move(left_out);
  return report;
}

}  // namespace ociferry

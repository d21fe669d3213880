#include "ferry/write/archive_report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/set/absent_children.hpp"
#include "layout/limits.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

void check_readable(const ArchivePlan& plan) {
  std::size_t largest = 0;
  for (const FrontFile& file : plan.front) largest = std::max(largest, file.content.size());
  if (largest <= limits::kLayoutFileBytes) return;
  throw Error(ErrorCode::Usage, text::cat("too many images for one archive: its table would be larger than ",
                                          limits::kLayoutFileBytes, " bytes"))
      .hint("export fewer bundles at a time");
}

TransferReport begin_report(const ImageSet& set, const ArchivePlan& plan) {
  TransferReport report{.images = set.images().size(),
                        .archive_bytes = plan.total_bytes,
                        .fingerprint = sha256(plan.seal()),
                        .delta = delta_report(plan)};
  for (const SetImage& image : set.images()) {
    report.bundles += image.is_bundle ? 1 : 0;
    report.referrers += image.is_referrer ? 1 : 0;
  }
  report.skipped = skipped_layers(set);
  report.absent_children = count_absent(set);
  return report;
}

}  // namespace ociferry

#include "ferry/gather/delta_report.hpp"

#include <vector>

#include "base/text.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

std::optional<DeltaReport> delta_report(const ArchivePlan& plan) {
  if (!plan.delta) return std::nullopt;
  DeltaReport report{.blobs_left_out = plan.delta->left_out.size(),
                     .builds_on = plan.delta->builds_on,
                     .full_fingerprint = plan.delta->full_fingerprint,
                     .full_bytes = plan.delta->full_bytes};
  for (const LeftOutBlob& one : plan.delta->left_out) report.bytes_left_out += one.blob.size;
  return report;
}

std::optional<DeltaReport> delta_report(const ImageArchive& archive) {
  const ArchiveReader* sealed = archive.sealed();
  return sealed == nullptr ? std::nullopt : delta_report(sealed->plan());
}

std::string shown(const BuiltOn& base) {
  constexpr std::size_t kNamesShown = 3;
  if (base.kind == BuiltOn::Kind::Archive) return text::cat("the archive with fingerprint ", spoken(base.digest));
  std::vector<std::string> names;
  for (const RepositoryName& name : base.repositories) {
    if (names.size() < kNamesShown) names.push_back(to_string(name));
  }
  const std::size_t more = base.repositories.size() - names.size();
  return text::cat("the have-list ", base.digest.text(), names.empty() ? "" : " of ", text::join(names, ", "),
                   more == 0 ? "" : text::cat(" and ", more, " more"));
}

}  // namespace ociferry

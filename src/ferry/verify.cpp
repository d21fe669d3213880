#include "ferry/fingerprint.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/verify_blobs.hpp"
#include "ferry/gather/verify_medium.hpp"
#include "ferry/gather/verify_stream.hpp"
#include "ferry/gather/watched_media.hpp"
#include "ferry/set/absent_children.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

VerifyReport verify(const VerifyOptions& options, const Context& given) {
  std::optional<DemandedFingerprint> demanded;
  if (!options.fingerprint.empty()) demanded.emplace(options.fingerprint);
  std::vector<std::filesystem::path> media = given.volumes.directories;
  media.push_back(options.archive);
  WatchedMedia watched(*given.progress, WatchedMedia::Direction::Reading, media);
  Context context = given;
  context.progress = &watched;
  std::optional<DeviceReader> device;
  if (options.medium) device.emplace(watched);
  const auto archive = open_image_archive(options.archive, context.unpack, watched, context.stop, context.volumes,
                                          device ? &*device : nullptr, Reading::InOrder);
  provide_base(archive, options.bases, context);
  check_base(*archive);
  if (demanded) demanded->check(*archive);
  if (!device) check_headers(*archive);
  const bool is_stream = stream_of(*archive) != nullptr;
  const ImageSet set = device && !is_stream ? verify_medium(archive, *device, context) : load_archive(archive, context);
  warn_of_absent_children(set, *context.progress);
  warn_of_nondistributable_layers(set, false, *context.progress);
  const std::vector<Descriptor> blobs = blobs_to_verify(*archive, set);
  if (is_stream) {
    verify_stream(*archive, context);
  } else if (!device) {
    verify_blobs(*archive, blobs, in_order_if_needed(context, *archive), &set);
  }
  if (!device) watched.finish();  // else it was measured at each read
  VerifyReport report{.format = std::string(to_string(archive->format())),
                      .is_sealed = archive->sealed() != nullptr,
                      .fingerprint = fingerprint_of(*archive),
                      .archive_bytes = archive->total_bytes(),
                      .images = set.images().size(),
                      .blobs = blobs.size(),
                      .delta = delta_report(*archive)};
  if (archive->compact() != nullptr) report.compact = *archive->compact();
  if (device) report.medium = reading_of(*device, options.archive.string(), watched);
  for (const SetImage& image : set.images()) {
    report.bundles += image.is_bundle ? 1 : 0;
    report.referrers += image.is_referrer ? 1 : 0;
  }
  return report;
}

}  // namespace ociferry

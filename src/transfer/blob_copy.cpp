#include "transfer/blob_copy.hpp"

#include <algorithm>
#include <mutex>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "transfer/progress_meter.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kSmall = 128 * kKiB;
/// A blob of at least this size and share of all bytes takes about as long as all others on the other workers.
constexpr std::uint64_t kLarge = 8 * kMiB;
constexpr std::uint64_t kPart = 8;

/// The retries of a damaged blob: one, and one for each other source.
std::size_t refetches_of(const Graph::BlobNode& blob) {
  // A response can be damaged in transit; a damaged file stays damaged.
  if (!blob.source->home()) return 0;
  return std::clamp<std::size_t>(blob.descriptor.urls.size(), 1, limits::kForeignUrls);
}

/// From a registry the largest first, so that the tail is short; a file is read sequentially, since media may be slow.
/// Small blobs take a round trip and hardly any bandwidth: spread among the large ones, they do not leave a link with a
/// high latency idle.
std::vector<const Graph::BlobNode*> in_good_order(std::vector<const Graph::BlobNode*> blobs) {
  const auto size = [](const Graph::BlobNode* blob) {
    return blob->source->home() ? blob->descriptor.size : std::uint64_t{0};
  };
  std::ranges::stable_sort(blobs, std::ranges::greater{}, size);
  const auto end_of_large = std::ranges::partition_point(
      blobs, [](auto bytes) { return bytes >= kSmall; }, size);
  const auto large = static_cast<std::size_t>(end_of_large - blobs.begin());
  const std::size_t small = blobs.size() - large;
  std::vector<const Graph::BlobNode*> order;
  auto next_small = end_of_large;
  for (std::size_t i = 0; i < large; ++i) {
    order.push_back(blobs[i]);
    const auto stop = end_of_large + static_cast<std::ptrdiff_t>((i + 1) * small / large);
    order.insert(order.end(), next_small, stop);
    next_small = stop;
  }
  order.insert(order.end(), next_small, blobs.end());
  return order;
}

/// From files, the few blobs that would cause a long tail go first, even on slow media.
void put_longest_first(std::vector<const Graph::BlobNode*>& blobs) {
  std::uint64_t total = 0;
  for (const auto* blob : blobs) total += blob->descriptor.size;
  const auto rest = std::stable_partition(blobs.begin(), blobs.end(), [total](const Graph::BlobNode* blob) {
    const std::uint64_t size = blob->descriptor.size;
    return !blob->source->home() && size >= kLarge && size > total / kPart;
  });
  std::stable_sort(blobs.begin(), rest, [](const Graph::BlobNode* one, const Graph::BlobNode* other) {
    return one->descriptor.size > other->descriptor.size;
  });
}

TaskSize task_size(const std::vector<const Graph::BlobNode*>& blobs) {
  std::uint64_t total = 0;
  for (const auto* blob : blobs) total += blob->descriptor.size;
  return total <= blobs.size() * kMiB ? TaskSize::Small : TaskSize::Any;
}

BlobOutcome put_with_refetches(const Graph::BlobNode& blob, BlobTarget& target, Progress& progress,
                               const std::stop_token& stop) {
  for (std::size_t left = refetches_of(blob);; --left) {
    try {
      return target.put_blob(blob.descriptor, *blob.source, progress, stop);
    } catch (Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      if (left == 0) {
        if (blob.source->home()) error.hint(kDamagedAtSource);
        throw;
      }
      progress.warn(text::cat(error.message(), "; fetching it once more"));
    }
  }
}

/// The blobs that their sources lack.
class MissingBlobs {
 public:
  void add(const Error& error, const Graph::BlobNode& blob) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(error.message());
    // Its source may never have had it, so the hint is about the layer.
    if (media_type::is_nondistributable(blob.descriptor.media_type)) hint_ = error.hint_text();
    if (!blob.source->home()) hint_ = "the archive was changed while it was read: copy it again";
  }
  void throw_if_any() {
    if (lines_.empty()) return;
    std::ranges::sort(lines_);
    throw Error(ErrorCode::Incomplete,
                text::cat(lines_.size(), " blobs are missing at their source:\n  - ", text::join(lines_, "\n  - ")))
        .hint(!hint_.empty() ? hint_
                             : "the source has lost part of these images: push them there again, then run the same "
                               "command once more");
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::string hint_;
};

}  // namespace

BlobCounts copy_blobs(std::vector<const Graph::BlobNode*> blobs, BlobTarget& target, const Jobs& jobs,
                      Progress& progress, std::stop_token stop) {
  blobs = in_good_order(std::move(blobs));
  // One worker has no tail, and the order of a file is what a slow medium is read in.
  if (jobs.number() != 1) put_longest_first(blobs);
  MissingBlobs missing;
  std::mutex mutex;
  BlobCounts counts;
  ProgressMeter meter(progress);
  const auto put = [&](std::size_t index, const std::stop_token& token) {
    const Graph::BlobNode& blob = *blobs[index];
    const BlobOutcome outcome = put_with_refetches(blob, target, meter, token);
    const std::lock_guard lock(mutex);
    if (outcome == BlobOutcome::Existed) ++counts.existed;
    if (outcome == BlobOutcome::Mounted) ++counts.mounted;
    if (outcome == BlobOutcome::Written) {
      ++counts.written;
      counts.bytes_written += blob.descriptor.size;
    }
  };
  const auto put_or_note = [&](std::size_t index, const std::stop_token& token) {
    try {
      put(index, token);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::NotFound) throw;
      missing.add(error, *blobs[index]);
    }
  };
  const Assist assist = target.help() == Help::Never ? Assist() : [&target] { return target.help(); };
  run_parallel_or_throw(
      jobs, blobs.size(), std::move(stop), put_or_note, [&] { return meter.bytes_moved(); }, assist, task_size(blobs));
  missing.throw_if_any();
  return counts;
}

}  // namespace ociferry

#include "ferry/deliver/shared_pass.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/shared_reading.hpp"

namespace ociferry {

namespace {

/// A target that stands for several ones.
class AllDestinations : public BlobTarget {
 public:
  explicit AllDestinations(const std::vector<std::vector<BlobToPut>>& destinations) {
    failures_.resize(destinations.size());
    for (std::size_t i = 0; i < destinations.size(); ++i) {
      for (const BlobToPut& put : destinations[i]) {
        puts_[put.blob->descriptor.digest].push_back({i, {put.target, put.blob->source.get()}});
      }
    }
  }

  BlobOutcome put_blob(const Descriptor& blob, BlobSource& /*from*/, Progress& progress,
                       std::stop_token stop) override {
    std::vector<std::size_t> destinations;
    std::vector<BlobPut> puts;
    for (const auto& [destination, put] : puts_.at(blob.digest)) {
      if (has_failed(destination)) continue;
      destinations.push_back(destination);
      puts.push_back(put);
    }
    if (puts.empty()) return BlobOutcome::Existed;
    const auto failures = put_into_all(blob, puts, progress, stop);
    throw_if_stopped(stop);
    for (std::size_t i = 0; i < failures.size(); ++i) note(destinations[i], failures[i]);
    return BlobOutcome::Written;
  }

  [[nodiscard]] std::vector<std::exception_ptr> failures() && { return std::move(failures_); }

 private:
  [[nodiscard]] bool has_failed(std::size_t destination) {
    const std::lock_guard lock(mutex_);
    return failures_[destination] != nullptr;
  }
  void note(std::size_t destination, const std::exception_ptr& failure) {
    const std::lock_guard lock(mutex_);
    if (!failures_[destination]) failures_[destination] = failure;
  }

  std::map<Digest, std::vector<std::pair<std::size_t, BlobPut>>> puts_;
  std::mutex mutex_;
  std::vector<std::exception_ptr> failures_;
};

}  // namespace

std::vector<std::exception_ptr> put_in_one_pass(const std::vector<std::vector<BlobToPut>>& destinations,
                                                const Context& context) {
  std::map<Digest, const Graph::BlobNode*> blobs;
  std::uint64_t bytes = 0;
  for (const auto& puts : destinations) {
    for (const BlobToPut& put : puts) {
      blobs.emplace(put.blob->descriptor.digest, put.blob);
      bytes += put.blob->descriptor.size;
    }
  }
  AllDestinations all(destinations);
  if (blobs.empty()) return std::move(all).failures();
  context.progress->phase(text::cat("writing ", blobs.size(), " blobs to ", destinations.size(), " destinations"),
                          bytes);
  std::vector<const Graph::BlobNode*> order;  // by digest, as in an archive
  for (const auto& [digest, blob] : blobs) order.push_back(blob);
  copy_blobs(std::move(order), all, context.jobs, *context.progress, context.stop);
  return std::move(all).failures();
}

}  // namespace ociferry

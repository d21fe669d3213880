#include "ferry/deliver/tally.hpp"

#include <algorithm>

namespace ociferry {

void Tally::put_manifest(const RawManifest& manifest, const std::string& selector) {
  to_.put_manifest(manifest, selector);
  ++manifests_;
}

void Tally::begin_round() {
  earlier_.insert(earlier_.end(), put_.begin(), put_.end());
  std::ranges::sort(earlier_);
  put_.clear();
  existed_ = 0;
  arrived_ = 0;
}

bool Tally::has_put(const Digest& blob) const { return std::ranges::binary_search(earlier_, blob); }

void Tally::count(const Descriptor& blob, BlobOutcome outcome) {
  ++arrived_;
  if (outcome == BlobOutcome::Existed) {
    if (!has_put(blob.digest)) ++existed_;
    return;
  }
  if (outcome == BlobOutcome::Mounted) ++mounted_;
  if (outcome == BlobOutcome::Written) {
    ++written_;
    bytes_written_ += blob.size;
  }
  const std::lock_guard lock(mutex_);
  put_.push_back(blob.digest);
}

BlobOutcome Tally::Blobs::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) {
  const BlobOutcome outcome = tally_.to_.put_blob(blob, from, progress, std::move(stop));
  tally_.count(blob, outcome);
  return outcome;
}

}  // namespace ociferry

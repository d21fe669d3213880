#include "ferry/deliver/all_destinations.hpp"

#include <algorithm>

#include "base/stop.hpp"

namespace ociferry {

AllDestinations::AllDestinations(const std::vector<std::vector<BlobToPut>>& destinations) {
  failures_.resize(destinations.size());
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    for (const BlobToPut& put : destinations[i]) {
      puts_[put.blob->descriptor.digest].push_back({i, {put.target, put.blob->source.get()}});
    }
  }
}

BlobOutcome AllDestinations::put_blob(const Descriptor& blob, BlobSource& /*from*/, Progress& progress,
                                      std::stop_token stop) {
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

bool AllDestinations::have_all_failed() {
  const std::lock_guard lock(mutex_);
  return !failures_.empty() && std::ranges::all_of(failures_, [](const auto& failure) { return failure != nullptr; });
}

bool AllDestinations::has_failed(std::size_t destination) {
  const std::lock_guard lock(mutex_);
  return failures_[destination] != nullptr;
}

void AllDestinations::note(std::size_t destination, const std::exception_ptr& failure) {
  const std::lock_guard lock(mutex_);
  if (!failures_[destination]) failures_[destination] = failure;
}

}  // namespace ociferry

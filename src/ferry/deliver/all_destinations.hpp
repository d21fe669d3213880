#pragma once

#include <exception>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "ferry/deliver/shared_pass.hpp"
#include "transfer/shared_reading.hpp"

namespace ociferry {

/// A target that stands for several ones. One that fails gets no further blobs. Thread-safe.
class AllDestinations : public BlobTarget {
 public:
  explicit AllDestinations(const std::vector<std::vector<BlobToPut>>& destinations);

  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;

  [[nodiscard]] bool wants(const Digest& blob) const { return puts_.contains(blob); }
  [[nodiscard]] bool have_all_failed();
  /// The first failure of each destination, null for success.
  [[nodiscard]] std::vector<std::exception_ptr> failures() && { return std::move(failures_); }

 private:
  [[nodiscard]] bool has_failed(std::size_t destination);
  void note(std::size_t destination, const std::exception_ptr& failure);

  std::map<Digest, std::vector<std::pair<std::size_t, BlobPut>>> puts_;
  std::mutex mutex_;
  std::vector<std::exception_ptr> failures_;
};

}  // namespace ociferry

#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// Counts what is written to one repository, over all rounds of a run. A target that passes everything on and counts
/// manifests; `blobs` is the one that counts blobs, too, since not all blobs are part of the count. Thread-safe, but
/// for `begin_round`.
class Tally : public ImageTarget {
 public:
  /// `to` must outlive it.
  explicit Tally(ImageTarget& to) : to_(to) {}

  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    return to_.put_blob(blob, from, progress, std::move(stop));
  }
  [[nodiscard]] bool has_blob(const Descriptor& blob) override { return to_.has_blob(blob); }
  void distrust(const Digest& blob) override { to_.distrust(blob); }
  [[nodiscard]] std::optional<Digest> resolve(const std::string& selector) override { return to_.resolve(selector); }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override;

  [[nodiscard]] BlobTarget& blobs() noexcept { return blobs_; }

  /// From now on `existed` counts anew, and not what an earlier round has put.
  void begin_round();
  /// The blobs of this round that are in the repository because they were put or turned out to be there.
  [[nodiscard]] std::size_t arrived() const noexcept { return arrived_; }
  /// True if an earlier round has put `blob`.
  [[nodiscard]] bool has_put(const Digest& blob) const;

  // Each time something was put counts, since what a destination has lost is put again.
  [[nodiscard]] std::size_t blobs_written() const noexcept { return written_; }
  [[nodiscard]] std::size_t blobs_mounted() const noexcept { return mounted_; }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  [[nodiscard]] std::size_t manifests_written() const noexcept { return manifests_; }
  /// Blobs of this round that were there although no round of this run has put them.
  [[nodiscard]] std::size_t blobs_existed() const noexcept { return existed_; }

 private:
  class Blobs : public BlobTarget {
   public:
    explicit Blobs(Tally& tally) : tally_(tally) {}
    BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;

   private:
    Tally& tally_;
  };
  void count(const Descriptor& blob, BlobOutcome outcome);

  ImageTarget& to_;
  Blobs blobs_{*this};
  std::atomic<std::size_t> manifests_{0};
  std::atomic<std::size_t> written_{0};
  std::atomic<std::size_t> mounted_{0};
  std::atomic<std::size_t> existed_{0};
  std::atomic<std::size_t> arrived_{0};
  std::atomic<std::uint64_t> bytes_written_{0};
  std::mutex mutex_;
  std::vector<Digest> put_;      ///< in this round
  std::vector<Digest> earlier_;  ///< sorted
};

}  // namespace ociferry

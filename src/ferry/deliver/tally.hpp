#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// Counts what is written to one repository, over all rounds of a run. Forwards every call and counts manifests. Blobs
/// are counted only through `blobs`, since those of locations images are not part of the report. Thread-safe except for
/// `begin_round`.
class Tally : public ImageTarget {
 public:
  /// `to` must outlive it.
  explicit Tally(ImageTarget& to) : to_(to) {}

  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    return to_.put_blob(blob, from, progress, std::move(stop));
  }
  [[nodiscard]] bool has_blob(const Descriptor& blob) override { return to_.has_blob(blob); }
  void ask_ahead(const Descriptor& blob, std::stop_token stop) override { to_.ask_ahead(blob, std::move(stop)); }
  void distrust(const Digest& blob) override { to_.distrust(blob); }
  [[nodiscard]] std::optional<Digest> resolve(const std::string& selector) override { return to_.resolve(selector); }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override;

  [[nodiscard]] BlobTarget& blobs() noexcept { return blobs_; }

  /// Resets the counts of existing and arrived blobs. From then on, blobs that earlier rounds have put do not count as
  /// existing.
  void begin_round();
  /// The number of blobs that this round has put or found.
  [[nodiscard]] std::size_t arrived() const noexcept { return arrived_; }
  /// True if an earlier round has put `blob`.
  [[nodiscard]] bool has_put(const Digest& blob) const;

  // A blob that is put twice counts twice: the destination had lost it.
  [[nodiscard]] std::size_t blobs_written() const noexcept { return written_; }
  [[nodiscard]] std::size_t blobs_mounted() const noexcept { return mounted_; }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  [[nodiscard]] std::size_t manifests_written() const noexcept { return manifests_; }
  /// The number of blobs that this round has found and no earlier round has put.
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

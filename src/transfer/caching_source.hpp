#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "store/store.hpp"
#include "transfer/foreseen.hpp"

namespace ociferry {

/// The bytes that all CachingSources with the same budget may still cache.
using CacheBudget = std::atomic<std::int64_t>;
/// The budget of one command.
inline constexpr std::int64_t kCacheBytes = 16 * 1024 * 1024;

/// Caches the small blobs that are read through `read_blob` (configurations, lock files, locations), so that each is
/// fetched once although it is inspected and then copied. Gives the answers to questions that were foreseen, each once;
/// whoever runs such a question must not outlive the source. Everything else passes through. Thread-safe.
class CachingSource : public ImageSource {
 public:
  CachingSource(std::shared_ptr<ImageSource> inner, std::shared_ptr<CacheBudget> budget)
      : inner_(std::move(inner)), budget_(std::move(budget)) {}

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] Error absence(const std::string& selector) override { return inner_->absence(selector); }
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override;
  [[nodiscard]] std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override;
  [[nodiscard]] bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;
  void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) override;
  [[nodiscard]] bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                 std::stop_token stop) override {
    return inner_->fetch_range(blob, begin, end, sink, std::move(stop));
  }
  [[nodiscard]] std::optional<RepositoryName> home() const override { return inner_->home(); }
  [[nodiscard]] std::string name_of(const Digest& blob) const override { return inner_->name_of(blob); }

  /// The whole blob, its size and digest checked; fetched once more if a registry sent it damaged. Throws
  /// Error{Hostile} if it is larger than `limit` bytes.
  [[nodiscard]] std::string read_blob(const Descriptor& blob, std::uint64_t limit, std::stop_token stop);

  /// Each foresees a call of the function in its name, and returns the question to be run; null if nothing is to be
  /// asked. A call with the same arguments then has its answer or error. After `stop` is requested the question ends
  /// soon, and such a call asks anew.
  [[nodiscard]] Question foresee_manifest(const std::string& selector, std::stop_token stop = {});
  [[nodiscard]] Question foresee_read_blob(const Descriptor& blob, std::uint64_t limit, std::stop_token stop);
  [[nodiscard]] Question foresee_referrers(const Digest& subject, std::stop_token stop = {});
  /// One request; a call of `tags_within` for more of them goes on there.
  [[nodiscard]] Question foresee_tags(std::stop_token stop = {});
  /// The answer of `foresee_manifest` is not needed. False if it was taken, or somebody waits for it.
  bool drop_manifest(const std::string& selector) { return manifests_.drop(selector); }
  /// True once the place has answered with a list of referrers.
  [[nodiscard]] bool lists_referrers() const noexcept { return lists_referrers_; }

 private:
  static constexpr int kBegunTags = 0;

  [[nodiscard]] std::optional<std::vector<Descriptor>> noted(std::optional<std::vector<Descriptor>> referrers);
  [[nodiscard]] std::string fetch_and_keep(const Descriptor& blob, const std::stop_token& stop);
  [[nodiscard]] std::string fetch_whole(const Descriptor& blob, const std::stop_token& stop);
  [[nodiscard]] std::string fetch_twice_if_damaged(const Descriptor& blob, const std::stop_token& stop);
  /// Remembers `content` if the budget allows it, which is spent by what is remembered alone.
  void keep(const Descriptor& blob, const std::string& content);
  [[nodiscard]] const std::string* find(const Digest& digest);

  std::shared_ptr<ImageSource> inner_;
  std::shared_ptr<CacheBudget> budget_;
  std::mutex mutex_;
  std::map<Digest, std::string> known_;
  std::atomic<bool> lists_referrers_{false};
  Foreseen<std::string, std::optional<RawManifest>> manifests_;
  Foreseen<Digest, std::string> blobs_;
  Foreseen<Digest, std::optional<std::vector<Descriptor>>> referrers_;
  Foreseen<int, std::optional<std::vector<std::string>>> tags_;  ///< one, by kBegunTags
};

}  // namespace ociferry

#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace ociferry {

/// How a repository handles an index with an absent child.
enum class SparseIndexes { Refused, Taken };

/// A repository in memory: the reference implementation of the store interfaces, as strict as a good registry.
/// Content whose digest or size is wrong is refused with Error{Corrupt}, a manifest whose blobs or children are
/// absent with Error{Unstable}, unless it takes sparse indexes. Thread-safe.
class MemoryTarget : public ImageSource, public ImageTarget, public TagLister {
 public:
  explicit MemoryTarget(std::optional<RepositoryName> home = std::nullopt,
                        SparseIndexes sparse = SparseIndexes::Refused)
      : home_(std::move(home)), sparse_(sparse) {}

  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;
  [[nodiscard]] std::optional<RepositoryName> home() const override { return home_; }
  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] bool is_blob(const Descriptor& content) override { return has_blob(content.digest); }
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;
  [[nodiscard]] std::optional<Digest> resolve(const std::string& selector) override;
  void put_manifest(const RawManifest& manifest, const std::string& selector) override;
  [[nodiscard]] bool has_blob(const Descriptor& blob) override { return has_blob(blob.digest); }
  void distrust(const Digest& blob) override;

  [[nodiscard]] std::vector<std::string> list_tags() override;
  [[nodiscard]] std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override;
  /// By digest.
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override;

  /// Puts `bytes` in, named by `algorithm`, and says what describes them; not recorded as an operation.
  Descriptor add_blob(std::string bytes, std::string media_type, std::string_view algorithm = "sha256");
  [[nodiscard]] bool has_blob(const Digest& digest) const;
  [[nodiscard]] std::size_t blob_count() const;
  [[nodiscard]] std::size_t manifest_count() const;
  /// What tags point to.
  [[nodiscard]] std::map<std::string, Digest> tags() const;
  /// What was read and written so far, in order: "open <digest>", "get <selector>", "blob <digest>",
  /// "manifest <digest>" and "tag <tag> <digest>". Without blobs that existed, and checks like HEAD.
  [[nodiscard]] std::vector<std::string> operations() const;

 private:
  void check_references(const RawManifest& manifest) const;
  [[nodiscard]] std::optional<Digest> find(const std::string& selector) const;

  std::optional<RepositoryName> home_;
  SparseIndexes sparse_;
  mutable std::mutex mutex_;
  std::map<Digest, std::string> blobs_;
  std::map<Digest, RawManifest> manifests_;
  std::map<std::string, Digest> tags_;
  std::vector<std::string> operations_;
};

}  // namespace ociferry

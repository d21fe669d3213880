#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/store.hpp"

namespace ociferry {

class Connection;
class MountRecord;
class SpoiledPlaces;
class TagListing;
struct Answer;

/// The Accept of every request for a manifest. Registries answer requests that lack a type with an older one, or deny
/// that the manifest exists.
inline constexpr std::string_view kAcceptedManifests =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.artifact.manifest.v1+json";

/// A repository of a registry, over the OCI distribution specification. Thread-safe. All methods block on the
/// network, retry temporary failures, and throw Error naming method, URL, status and the registry's own error:
/// Unauthorized (401), Denied (403), Network (retries spent), Refused (will not be accepted), Corrupt, Interrupted.
class Repository : public ImageSource, public ImageTarget, public TagLister {
 public:
  Repository(std::shared_ptr<Connection> connection, RepositoryName name);
  ~Repository() override;

  /// GET manifests/<selector> (distribution-spec, "Pulling manifests"); nullopt for 404. The digest is computed
  /// from the bytes and compared with the selector and with Docker-Content-Digest.
  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override;
  [[nodiscard]] std::optional<RawManifest> manifest_until(const std::string& selector, std::stop_token stop) override;
  /// GET manifests/<selector> for the registry's message about a missing manifest.
  [[nodiscard]] Error absence(const std::string& selector) override;
  /// HEAD manifests/<selector>, or GET if HEAD has no useful response; nullopt for 404.
  [[nodiscard]] std::optional<Digest> resolve(const std::string& selector) override;
  /// As `resolve`, for manifests that must exist: if HEAD finds nothing, GET is sent, since proxies in front of some
  /// registries answer every HEAD with 404. If GET succeeds then, HEAD is not used any more for this registry.
  [[nodiscard]] std::optional<Digest> resolve_needed(const std::string& selector);
  /// HEAD blobs/<digest>, or GET of the last byte if HEAD is not supported.
  [[nodiscard]] bool is_blob(const Descriptor& content) override;
  /// HEAD blobs/<digest>; false also if the registry refuses to answer.
  [[nodiscard]] bool has_blob(const Descriptor& blob) override;

  /// GET tags/list with all its pages (distribution-spec, "Listing Tags"). Throws Error{Hostile} for a list that has no
  /// end or leads to another registry. May contain invalid tags (see `is_valid_tag`).
  [[nodiscard]] std::vector<std::string> list_tags() override;
  /// The same if it has at most so many pages.
  [[nodiscard]] std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override;
  [[nodiscard]] std::optional<std::vector<std::string>> begin_tags(std::stop_token stop) override;
  [[nodiscard]] std::optional<std::vector<std::string>> more_tags_within(std::size_t most_requests) override;
  /// GET referrers/<digest> with all its pages; nullopt if the registry does not have the referrers API (detected
  /// once for all repositories). Throws Error{Hostile} for a list that has no end, leads to another registry or
  /// is malformed.
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override;
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers_until(const Digest& subject,
                                                                       std::stop_token stop) override;

  /// What `fetch` does, on a thread of its own unless the whole blob is small. An offset is requested with Range; from
  /// a registry that ignores Range, and of layers found elsewhere, all is read and the beginning is dropped.
  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override;
  /// GET blobs/<digest>, resumed with Range after an interruption. Throws Error{Corrupt} if the registry
  /// has more or fewer bytes than the descriptor says, Error{NotFound} if it has none. With
  /// RegistryOptions::foreign_layers, layers that may not be redistributed are also looked for where their
  /// descriptors say, see ForeignDownload.
  void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) override;
  /// One Range of it, answered with 206 and exactly that Content-Range. After another
  /// response, no more ranges of this repository are requested. Resumes after interruptions.
  [[nodiscard]] bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                 std::stop_token stop) override;
  [[nodiscard]] std::optional<RepositoryName> home() const override { return name_; }

  /// HEAD; then a mount if `from` can be mounted from the same registry, unless that was refused before; then
  /// POST and one PUT (distribution-spec, "Pushing blobs"). Once a registry has proved to answer mounts from the
  /// repository itself, such a mount replaces HEAD and POST: see MountRecord.
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;
  void ask_ahead(const Descriptor& blob, std::stop_token stop) override;
  void distrust(const Digest& blob) override;
  /// PUT manifests/<selector>. If the response is lost, checks what the registry has. An immutable tag with the same
  /// digest is a success; with another one, Error{Refused} naming both digests. If the registry does not confirm the
  /// manifest's `subject` (OCI-Subject), adds the manifest to the list at the `referrers_tag`. Throws Error{Unstable}
  /// if the registry lacks something that the manifest refers to, or others keep overwriting that list.
  void put_manifest(const RawManifest& manifest, const std::string& selector) override;

 private:
  void fetch_from(const Descriptor& blob, std::uint64_t offset, ByteSink& sink, const std::stop_token& stop);
  /// True if the blob may have to be downloaded from URLs outside of registries.
  [[nodiscard]] bool may_come_from_urls(const Descriptor& blob) const;
  [[nodiscard]] Answer ask_for_manifest(const std::string& selector, const std::stop_token& stop);
  [[nodiscard]] std::optional<RawManifest> get_manifest(const std::string& selector, const std::stop_token& stop);
  [[nodiscard]] std::optional<RawManifest> sound_manifest(const std::string& selector, const std::stop_token& stop);
  [[nodiscard]] std::optional<std::vector<Descriptor>> list_referrers(const Digest& subject,
                                                                      const std::stop_token& stop);
  [[nodiscard]] std::optional<std::vector<std::string>> tags_within(TagListing& listing, std::size_t most_requests,
                                                                    const std::stop_token& stop);
  [[nodiscard]] Answer ask_head(const std::string& selector);
  [[nodiscard]] std::optional<Digest> resolve_whole(const std::string& selector);
  [[nodiscard]] std::optional<Digest> resolve_behind_head(const std::string& selector);
  void note_sent(const std::string& selector);
  [[nodiscard]] bool was_sent(const std::string& selector) const;
  /// The PUT with the media type `type`. True if the registry confirmed the subject.
  bool send_manifest(const RawManifest& manifest, const std::string& type, const std::string& selector);
  void attach(const RawManifest& manifest, const Digest& subject);
  [[nodiscard]] std::optional<Digest> digest_if_known(const std::string& selector);
  [[nodiscard]] bool took(const RawManifest& manifest, const std::string& selector);
  void explain_refusal(const Answer& answer, const RawManifest& manifest, const std::string& selector);

  std::shared_ptr<Connection> connection_;
  RepositoryName name_;
  std::atomic<bool> gives_ranges_{true};
  mutable std::mutex sent_mutex_;
  std::set<std::string> sent_;  ///< tags and digests under which a manifest was put
  std::mutex listing_mutex_;
  std::unique_ptr<TagListing> unfinished_listing_;  ///< that `begin_tags` began
  std::mutex attach_mutex_;                         ///< one writer of referrers' tags at a time in this process
  std::unique_ptr<MountRecord> mounts_;
  std::unique_ptr<SpoiledPlaces> spoiled_places_;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "oci/manifest.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/error.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"
#include "stream/stream.hpp"

/// The interfaces of places with images: a repository of a registry, an archive, memory.
/// All methods are thread-safe unless said otherwise, and may block on network or disk.
namespace ociferry {

/// Reads blobs. The content is not verified here: wrap it in VerifyingSource or VerifyingSink.
class BlobSource {
 public:
  virtual ~BlobSource() = default;

  /// Opens the blob at the byte `offset`, which is 0 or less than the blob's size. Each call opens a new stream, so a
  /// failed transfer can restart or resume. If the place cannot start there, the stream reads from the beginning and
  /// drops what is before. Throws Error{NotFound} if the place does not have the blob: `open` itself, or the first
  /// read. The source must outlive the stream.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                         std::stop_token stop) = 0;

  /// Writes the whole blob into `sink`. Resumes after interruptions; the sink gets each byte once, in order.
  /// Throws Error{NotFound} if the place does not have the blob.
  virtual void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop);

  /// Writes the bytes from `begin` to `end` (exclusive) to `sink`, each once, in order. False if the place does not
  /// support ranges; some of the bytes may have been written then.
  [[nodiscard]] virtual bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                         std::stop_token stop);

  /// The repository of these blobs, if they are in a registry: another repository of it can mount them.
  [[nodiscard]] virtual std::optional<RepositoryName> home() const { return std::nullopt; }

  /// A repository that may have these blobs, even if they are read from elsewhere: mounting is tried from it.
  [[nodiscard]] virtual std::optional<RepositoryName> mountable_from() const { return home(); }
  /// True if that repository is known to have these blobs, because they were read from it or put there. False if only a
  /// file names it.
  [[nodiscard]] virtual bool is_mount_certain() const { return home().has_value(); }

  /// Names the blob and its place for messages: "repository@digest" by default, or the digest alone. Blobs that are
  /// absent have a name, too.
  [[nodiscard]] virtual std::string name_of(const Digest& blob) const;
};

/// Reads manifests and indexes.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// The manifest with a tag or digest, or nullopt if absent. One requested by digest is checked against it. Throws
  /// Error on any failure other than absence.
  [[nodiscard]] virtual std::optional<RawManifest> manifest(const std::string& selector) = 0;
  /// The same; where that may take long, throws Error{Interrupted} soon after `stop` is requested.
  [[nodiscard]] virtual std::optional<RawManifest> manifest_until(const std::string& selector, std::stop_token stop);

  /// The Error{NotFound} for `selector`, which was not found, with the message of the place itself. May send another
  /// request, whose response has a body. Throws Error if that fails.
  [[nodiscard]] virtual Error absence(const std::string& selector);

  /// The manifests whose `subject` field is `subject`, as listed by the place (distribution-spec, "Listing Referrers");
  /// nullopt if the place has no such lists; then there may be one at the tag `referrers_tag`. Throws Error on any
  /// other failure.
  [[nodiscard]] virtual std::optional<std::vector<Descriptor>> referrers(const Digest& subject);
  /// The same; where that may take long, throws Error{Interrupted} soon after `stop` is requested.
  [[nodiscard]] virtual std::optional<std::vector<Descriptor>> referrers_until(const Digest& subject,
                                                                               std::stop_token stop);

  /// All tags, sorted bytewise, if at most `most_requests` requests are enough; nullopt otherwise, and on failures.
  /// Throws Error{Interrupted} only.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> tags_within(std::size_t most_requests);
  /// The same with one request, after which `more_tags_within` may go on; what was read is kept until then. Throws
  /// Error{Interrupted} soon after `stop` is requested.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> begin_tags(std::stop_token stop);
  /// `tags_within` after `begin_tags` gave nullopt, which counts as one request. Gives nullopt at once if that failed.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> more_tags_within(std::size_t most_requests);
};

/// How a target got a blob.
enum class BlobOutcome { Existed, Mounted, Written };

/// The result of BlobTarget::help.
enum class Help {
  Given,   ///< transferred a part: call again at once
  NotNow,  ///< no part is available now: call again later
  Never,
};

/// Writes blobs.
class BlobTarget {
 public:
  virtual ~BlobTarget() = default;
  /// Ensures that the target has `blob`. Reads it from `from` only if needed, and verifies size and digest. Advances
  /// `progress` by the bytes written, and skips what exists.
  virtual BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) = 0;
  /// Transfers a part of a blob for another thread's `put_blob`, which reports failures. Called by threads without a
  /// blob of their own.
  virtual Help help() noexcept { return Help::Never; }
};

/// Writes manifests and tags.
class Tagger {
 public:
  virtual ~Tagger() = default;
  /// The digest of `selector` (a tag or digest), or nullopt.
  [[nodiscard]] virtual std::optional<Digest> resolve(const std::string& selector) = 0;
  /// Stores `manifest` under `selector`: its own digest, or a tag, which then points to it. If it has a `subject`, adds
  /// it to the list of that one's referrers: the place's own, or the one at the `referrers_tag`.
  virtual void put_manifest(const RawManifest& manifest, const std::string& selector) = 0;
};

/// Lists tags.
class TagLister {
 public:
  virtual ~TagLister() = default;
  /// All tags, sorted bytewise, each once. Throws Error{NotFound} if the repository does not exist.
  [[nodiscard]] virtual std::vector<std::string> list_tags() = 0;
};

/// A place to read images from.
class ImageSource : public BlobSource, public Resolver {
 public:
  /// True if the place has `content`, a child of an index, as a blob: children need not be manifests. Throws Error.
  [[nodiscard]] virtual bool is_blob(const Descriptor& content) = 0;
};
/// A place to write images to.
class ImageTarget : public BlobTarget, public Tagger {
 public:
  /// True if the target reports that it has `blob`; false also if it does not answer.
  [[nodiscard]] virtual bool has_blob(const Descriptor& blob) = 0;
  /// Asks for `blob`, so that the next `put_blob` need not. Leaves failures to that. May do nothing. Blocks.
  virtual void ask_ahead(const Descriptor& /*blob*/, std::stop_token /*stop*/) {}
  /// The target wrongly reported `blob` as present: the next `put_blob` writes it without checking.
  virtual void distrust(const Digest& blob) = 0;
};

}  // namespace ociferry

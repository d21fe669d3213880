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

/// The interfaces that every place with images offers: a registry's repository, an archive, memory.
/// All methods are thread-safe unless said otherwise, and may block on network or disk.
namespace ociferry {

/// Gives blobs. Bytes are not verified here: wrap them in VerifyingSource or VerifyingSink.
class BlobSource {
 public:
  virtual ~BlobSource() = default;

  /// Opens the blob at the byte `offset`, which is 0 or less than the blob's size. Each call opens afresh, so a failed
  /// transfer can start again, or go on. Where a place cannot begin there, the stream reads what is before and drops
  /// it. Throws Error{NotFound} if the place does not have the blob: `open` itself, or the first read. The source must
  /// outlive the stream.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                         std::stop_token stop) = 0;

  /// Writes the whole blob into `sink`. Interruptions are mended inside; the sink sees each byte once, in order.
  /// Throws Error{NotFound} if the place does not have the blob.
  virtual void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop);

  /// Writes the bytes from `begin` up to `end`, which is not among them, into `sink`: each once, in order. False if the
  /// place does not give exactly these, as far as it says; the sink may have seen some of them then.
  [[nodiscard]] virtual bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                         std::stop_token stop);

  /// The repository that holds these blobs, if they are in a registry: another repository of it can mount them.
  [[nodiscard]] virtual std::optional<RepositoryName> home() const { return std::nullopt; }

  /// A repository that these blobs may be in, whether or not they are read from there: worth an attempt to mount.
  [[nodiscard]] virtual std::optional<RepositoryName> mountable_from() const { return home(); }

  /// Names the blob and its place for messages: "repository@digest" by default, or the digest alone. Blobs that are
  /// absent have a name, too.
  [[nodiscard]] virtual std::string name_of(const Digest& blob) const;
};

/// Gives manifests and indexes.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// The manifest named by a tag or digest, or nullopt if there is none. One asked for by digest is checked
  /// against it. Throws Error on any failure other than absence.
  [[nodiscard]] virtual std::optional<RawManifest> manifest(const std::string& selector) = 0;

  /// What the place itself says about `selector`, which was not found there: an Error{NotFound} for people. Asks once
  /// more, with the request whose answer has room for words. Throws Error if even that fails.
  [[nodiscard]] virtual Error absence(const std::string& selector);

  /// What is attached to `subject` by its own `subject` field (distribution-spec, "Listing Referrers"), as the place
  /// lists it; nullopt if the place keeps no such lists: there, what `referrers_tag` points to may be one.
  /// Throws Error on any failure other than that.
  [[nodiscard]] virtual std::optional<std::vector<Descriptor>> referrers(const Digest& subject);

  /// All tags, sorted bytewise, if the place tells them in answer to at most `most_requests` requests; nullopt if not,
  /// for whatever reason. Throws Error{Interrupted} only.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> tags_within(std::size_t most_requests);
};

/// What became of a blob that was offered to a target.
enum class BlobOutcome { Existed, Mounted, Written };

/// What came of an offer to help.
enum class Help {
  Given,   ///< something was moved: offer again at once
  NotNow,  ///< nothing can be divided now: offer again later
  Never,
};

/// Takes blobs.
class BlobTarget {
 public:
  virtual ~BlobTarget() = default;
  /// Makes sure that the target has `blob`, reading it from `from` only if needed; checks size and digest on the way.
  /// `progress` is advanced by the bytes written; what is there already is told it as skipped.
  virtual BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) = 0;
  /// A thread that has no blob of its own moves a part of one that another thread is putting. What fails is for
  /// that thread to tell: this never throws.
  virtual Help help() noexcept { return Help::Never; }
};

/// Takes manifests and tags.
class Tagger {
 public:
  virtual ~Tagger() = default;
  /// The digest that `selector` (a tag or digest) has now, or nullopt.
  [[nodiscard]] virtual std::optional<Digest> resolve(const std::string& selector) = 0;
  /// Stores `manifest` under `selector`: its own digest, or a tag which then points to it. If it has a `subject`, it is
  /// listed as attached to that: by the place itself, or at the subject's `referrers_tag`.
  virtual void put_manifest(const RawManifest& manifest, const std::string& selector) = 0;
};

/// Lists tags.
class TagLister {
 public:
  virtual ~TagLister() = default;
  /// All tags, sorted bytewise, each once. Throws Error{NotFound} if the place does not exist.
  [[nodiscard]] virtual std::vector<std::string> list_tags() = 0;
};

/// A place to read images from.
class ImageSource : public BlobSource, public Resolver {
 public:
  /// True if the place has `content`, the child of an index, as a blob: indexes may list what is no manifest.
  /// Throws Error if asking fails.
  [[nodiscard]] virtual bool is_blob(const Descriptor& content) = 0;
};
/// A place to write images to.
class ImageTarget : public BlobTarget, public Tagger {
 public:
  /// True if the target says that it has `blob` now; false also if it cannot say.
  [[nodiscard]] virtual bool has_blob(const Descriptor& blob) = 0;
  /// What the target says of `blob` has turned out to be wrong: the next `put_blob` writes it, whatever is said then.
  virtual void distrust(const Digest& blob) = 0;
};

}  // namespace ociferry

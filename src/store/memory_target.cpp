#include "store/memory_target.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

namespace ociferry {

std::unique_ptr<ByteSource> MemoryTarget::open(const Descriptor& blob, std::uint64_t offset, std::stop_token /*stop*/) {
  const std::lock_guard lock(mutex_);
  operations_.push_back(text::cat("open ", blob.digest.text()));
  const auto found = blobs_.find(blob.digest);
  if (found == blobs_.end()) throw Error(ErrorCode::NotFound, text::cat("there is no blob ", blob.digest.text()));
  return std::make_unique<StringSource>(found->second, offset);
}

std::optional<RawManifest> MemoryTarget::manifest(const std::string& selector) {
  const std::lock_guard lock(mutex_);
  operations_.push_back(text::cat("get ", selector));
  const auto digest = find(selector);
  if (!digest) return std::nullopt;
  return manifests_.at(*digest);
}

BlobOutcome MemoryTarget::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) {
  if (has_blob(blob.digest)) {
    progress.skip(static_cast<std::int64_t>(blob.size));
    return BlobOutcome::Existed;
  }
  StringSink content(blob.size);
  VerifyingSink verified(content, blob, "the blob's source");
  from.fetch(blob, verified, std::move(stop));
  verified.finish();
  progress.advance(static_cast<std::int64_t>(blob.size));
  const std::lock_guard lock(mutex_);
  blobs_.insert_or_assign(blob.digest, std::move(content.content));
  operations_.push_back(text::cat("blob ", blob.digest.text()));
  return BlobOutcome::Written;
}

void MemoryTarget::distrust(const Digest& blob) {
  const std::lock_guard lock(mutex_);
  blobs_.erase(blob);
}

std::optional<Digest> MemoryTarget::resolve(const std::string& selector) {
  const std::lock_guard lock(mutex_);
  return find(selector);
}

void MemoryTarget::put_manifest(const RawManifest& manifest, const std::string& selector) {
  const Digest actual = digest_of(manifest.bytes, manifest.descriptor.digest.algorithm());
  const auto wanted = Digest::try_parse(selector);
  if (actual != manifest.descriptor.digest || (wanted && *wanted != actual)) {
    throw Error(ErrorCode::Corrupt, text::cat("manifest ", selector, " has digest ", actual.text()));
  }
  const std::lock_guard lock(mutex_);
  check_references(manifest);
  manifests_.insert_or_assign(actual, manifest);
  operations_.push_back(wanted ? text::cat("manifest ", actual.text())
                               : text::cat("tag ", selector, " ", actual.text()));
  if (!wanted) tags_.insert_or_assign(selector, actual);
}

void MemoryTarget::check_references(const RawManifest& manifest) const {
  const auto refuse = [&](const Descriptor& missing) {
    throw Error(ErrorCode::Unstable, text::cat("manifest ", manifest.descriptor.digest.text(), " refers to ",
                                               missing.digest.text(), ", which is missing"));
  };
  const auto parsed = parse_manifest(manifest.bytes, manifest.descriptor.media_type);
  if (const auto* index = std::get_if<ImageIndex>(&parsed)) {
    if (sparse_ == SparseIndexes::Taken) return;
    for (const Descriptor& child : index->manifests) {
      if (!manifests_.contains(child.digest) && !blobs_.contains(child.digest)) refuse(child);
    }
    return;
  }
  const auto& image = std::get<Manifest>(parsed);
  if (image.config && !blobs_.contains(image.config->digest)) refuse(*image.config);
  for (const Descriptor& layer : image.layers) {
    if (!media_type::is_nondistributable(layer.media_type) && !blobs_.contains(layer.digest)) refuse(layer);
  }
}

std::optional<Digest> MemoryTarget::find(const std::string& selector) const {
  if (const auto digest = Digest::try_parse(selector)) {
    return manifests_.contains(*digest) ? digest : std::nullopt;
  }
  const auto tag = tags_.find(selector);
  if (tag == tags_.end()) return std::nullopt;
  return tag->second;
}

Descriptor MemoryTarget::add_blob(std::string bytes, std::string media_type, std::string_view algorithm) {
  Descriptor descriptor{std::move(media_type), digest_of(bytes, algorithm), bytes.size()};
  const std::lock_guard lock(mutex_);
  blobs_.insert_or_assign(descriptor.digest, std::move(bytes));
  return descriptor;
}

bool MemoryTarget::has_blob(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  return blobs_.contains(digest);
}

std::size_t MemoryTarget::blob_count() const {
  const std::lock_guard lock(mutex_);
  return blobs_.size();
}

std::size_t MemoryTarget::manifest_count() const {
  const std::lock_guard lock(mutex_);
  return manifests_.size();
}

std::map<std::string, Digest> MemoryTarget::tags() const {
  const std::lock_guard lock(mutex_);
  return tags_;
}

std::vector<std::string> MemoryTarget::list_tags() {
  std::vector<std::string> names;
  for (const auto& [name, digest] : tags()) names.push_back(name);
  return names;
}

std::optional<std::vector<std::string>> MemoryTarget::tags_within(std::size_t most_requests) {
  if (most_requests == 0) return std::nullopt;
  return list_tags();
}

std::optional<std::vector<Descriptor>> MemoryTarget::referrers(const Digest& subject) {
  const std::lock_guard lock(mutex_);
  std::vector<Descriptor> found;
  for (const auto& [digest, manifest] : manifests_) {
    const auto parsed = parse_manifest(manifest.bytes, manifest.descriptor.media_type);
    const Descriptor* of = subject_of(parsed);
    if (of != nullptr && of->digest == subject) found.push_back(manifest.descriptor);
  }
  return found;
}

std::vector<std::string> MemoryTarget::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

}  // namespace ociferry

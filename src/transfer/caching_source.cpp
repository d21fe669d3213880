#include "transfer/caching_source.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

std::optional<RawManifest> CachingSource::manifest(const std::string& selector) {
  if (auto foreseen = manifests_.take(selector)) return *std::move(foreseen);
  return inner_->manifest(selector);
}

Question CachingSource::foresee_manifest(const std::string& selector, std::stop_token stop) {
  return manifests_.add(selector, [this, selector, stop] {
    return stop.stop_possible() ? inner_->manifest_until(selector, stop) : inner_->manifest(selector);
  });
}

std::optional<std::vector<Descriptor>> CachingSource::referrers(const Digest& subject) {
  if (auto foreseen = referrers_.take(subject)) return *std::move(foreseen);
  return ask_for_referrers(subject);
}

Question CachingSource::foresee_referrers(const Digest& subject) {
  return referrers_.add(subject, [this, subject] { return ask_for_referrers(subject); });
}

std::optional<std::vector<Descriptor>> CachingSource::ask_for_referrers(const Digest& subject) {
  auto found = inner_->referrers(subject);
  if (found) lists_referrers_ = true;
  return found;
}

std::optional<std::vector<std::string>> CachingSource::tags_within(std::size_t most_requests) {
  if (auto foreseen = tags_.take(kForeseenRequests)) {
    const bool is_final = *foreseen || most_requests <= kForeseenRequests;
    return is_final ? *std::move(foreseen) : inner_->more_tags_within(most_requests);
  }
  return inner_->tags_within(most_requests);
}

Question CachingSource::foresee_tags() {
  return tags_.add(kForeseenRequests, [this] { return inner_->tags_within(kForeseenRequests); });
}

std::unique_ptr<ByteSource> CachingSource::open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) {
  if (const std::string* content = find(blob.digest)) return std::make_unique<StringSource>(*content, offset);
  return inner_->open(blob, offset, std::move(stop));
}

void CachingSource::fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) {
  if (const std::string* content = find(blob.digest)) {
    sink.write(as_bytes(*content));
  } else {
    inner_->fetch(blob, sink, std::move(stop));
  }
}

std::string CachingSource::read_blob(const Descriptor& blob, std::uint64_t limit, std::stop_token stop) {
  if (const std::string* content = find(blob.digest)) return *content;
  if (blob.size > limit) {
    throw Error(ErrorCode::Hostile,
                text::cat(name_of(blob.digest), " has ", blob.size, " bytes; the limit is ", limit));
  }
  if (auto foreseen = blobs_.take(blob.digest)) return *std::move(foreseen);
  return fetch_and_keep(blob, stop);
}

Question CachingSource::foresee_read_blob(const Descriptor& blob, std::uint64_t limit, std::stop_token stop) {
  if (blob.size > limit || find(blob.digest) != nullptr) return {};
  return blobs_.add(blob.digest, [this, blob, stop] { return fetch_and_keep(blob, stop); });
}

std::string CachingSource::fetch_and_keep(const Descriptor& blob, const std::stop_token& stop) {
  std::string content = fetch_twice_if_damaged(blob, stop);
  keep(blob, content);
  return content;
}

void CachingSource::keep(const Descriptor& blob, const std::string& content) {
  const auto size = static_cast<std::int64_t>(blob.size);
  if (blob.size > limits::kSmallBlobBytes) return;
  if (budget_->fetch_sub(size) >= size) {
    const std::lock_guard lock(mutex_);
    if (known_.emplace(blob.digest, content).second) return;
  }
  budget_->fetch_add(size);  // too large, or cached by another thread
}

std::string CachingSource::fetch_whole(const Descriptor& blob, const std::stop_token& stop) {
  StringSink content(blob.size);
  VerifyingSink verified(content, blob, name_of(blob.digest));
  inner_->fetch(blob, verified, stop);
  verified.finish();
  return std::move(content.content);
}

std::string CachingSource::fetch_twice_if_damaged(const Descriptor& blob, const std::stop_token& stop) {
  try {
    return fetch_whole(blob, stop);
  } catch (const Error& error) {
    // A response can be damaged in transit; a damaged file stays damaged.
    if (error.code() != ErrorCode::Corrupt || !home()) throw;
  }
  return fetch_whole(blob, stop);
}

const std::string* CachingSource::find(const Digest& digest) {
  // Entries are never removed or changed, so the pointer stays valid after the lock is released.
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(digest);
  return found == known_.end() ? nullptr : &found->second;
}

}  // namespace ociferry

#include "transfer/caching_source.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// The answer that was foreseen, or else that of `ask`, also where the question was given up.
template <typename Key, typename Answer, typename Ask>
Answer foreseen_or_asked(Foreseen<Key, Answer>& foreseen, const Key& key, const Ask& ask) {
  try {
    if (auto answer = foreseen.take(key)) return *std::move(answer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Interrupted) throw;
  }
  return ask();
}

}  // namespace

std::optional<RawManifest> CachingSource::manifest(const std::string& selector) {
  return foreseen_or_asked(manifests_, selector, [&] { return inner_->manifest(selector); });
}

Question CachingSource::foresee_manifest(const std::string& selector, std::stop_token stop) {
  return manifests_.add(selector, [this, selector, stop] { return inner_->manifest_until(selector, stop); });
}

std::optional<std::vector<Descriptor>> CachingSource::referrers(const Digest& subject) {
  return foreseen_or_asked(referrers_, subject, [&] { return noted(inner_->referrers(subject)); });
}

Question CachingSource::foresee_referrers(const Digest& subject, std::stop_token stop) {
  return referrers_.add(subject, [this, subject, stop] { return noted(inner_->referrers_until(subject, stop)); });
}

std::optional<std::vector<Descriptor>> CachingSource::noted(std::optional<std::vector<Descriptor>> referrers) {
  if (referrers) lists_referrers_ = true;
  return referrers;
}

std::optional<std::vector<std::string>> CachingSource::tags_within(std::size_t most_requests) {
  bool is_begun = true;
  const auto ask = [&] {
    is_begun = false;
    return inner_->tags_within(most_requests);
  };
  auto tags = foreseen_or_asked(tags_, kBegunTags, ask);
  return tags || !is_begun ? std::move(tags) : inner_->more_tags_within(most_requests);
}

Question CachingSource::foresee_tags(std::stop_token stop) {
  return tags_.add(kBegunTags, [this, stop] { return inner_->begin_tags(stop); });
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
  return foreseen_or_asked(blobs_, blob.digest, [&] { return fetch_and_keep(blob, stop); });
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

#include "transfer/caching_source.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

std::optional<RawManifest> CachingSource::manifest(const std::string& selector) { return inner_->manifest(selector); }

std::optional<std::vector<Descriptor>> CachingSource::referrers(const Digest& subject) {
  return inner_->referrers(subject);
}

std::optional<std::vector<std::string>> CachingSource::tags_within(std::size_t most_requests) {
  return inner_->tags_within(most_requests);
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

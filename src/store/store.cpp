#include "store/store.hpp"

#include "base/text.hpp"
#include "stream/memory.hpp"

namespace ociferry {

bool BlobSource::fetch_range(const Descriptor& /*blob*/, std::uint64_t /*begin*/, std::uint64_t /*end*/,
                             ByteSink& /*sink*/, std::stop_token /*stop*/) {
  return false;
}

void BlobSource::fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) {
  copy_stream(*open(blob, 0, std::move(stop)), sink);
}

std::optional<RawManifest> Resolver::manifest_until(const std::string& selector, std::stop_token /*stop*/) {
  return manifest(selector);
}

Error Resolver::absence(const std::string& selector) {
  return {ErrorCode::NotFound, text::cat(selector, " is missing")};
}

std::optional<std::vector<Descriptor>> Resolver::referrers(const Digest& /*subject*/) { return std::nullopt; }

std::optional<std::vector<Descriptor>> Resolver::referrers_until(const Digest& subject, std::stop_token /*stop*/) {
  return referrers(subject);
}

std::optional<std::vector<std::string>> Resolver::tags_within(std::size_t /*most_requests*/) { return std::nullopt; }

std::optional<std::vector<std::string>> Resolver::begin_tags(std::stop_token /*stop*/) { return tags_within(1); }

std::optional<std::vector<std::string>> Resolver::more_tags_within(std::size_t most_requests) {
  return tags_within(most_requests);
}

std::string BlobSource::name_of(const Digest& blob) const {
  const auto repository = home();
  return repository ? to_string(*repository) + "@" + blob.text() : blob.text();
}

}  // namespace ociferry

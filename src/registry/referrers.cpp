// The referrers of a repository: the referrers API, and the tag that replaces it.

#include "base/stop.hpp"
#include "base/text.hpp"
#include "oci/referrers_index.hpp"
#include "oci/tag_names.hpp"
#include "registry/limits.hpp"
#include "registry/referrer_listing.hpp"
#include "registry/repository.hpp"
#include "registry/tag_listing.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

std::optional<std::vector<Descriptor>> Repository::referrers(const Digest& subject) {
  return list_referrers(subject, connection_->stop());
}

std::optional<std::vector<Descriptor>> Repository::referrers_until(const Digest& subject, std::stop_token stop) {
  const AnyStop either(connection_->stop(), stop);
  return list_referrers(subject, either.token());
}

std::optional<std::vector<Descriptor>> Repository::list_referrers(const Digest& subject, const std::stop_token& stop) {
  // The first thread detects the API for all others, which wait: a registry without it costs one request.
  ReferrersApi& api = connection_->referrers_api();
  std::unique_lock lock(api.mutex);
  if (api.exists == false) return std::nullopt;
  if (api.exists) lock.unlock();
  ReferrerListing listing(*connection_, name_, subject);
  auto found = listing.run(stop);
  if (lock.owns_lock() && (found || listing.is_conclusive())) api.exists = found.has_value();
  return found;
}

std::optional<std::vector<std::string>> Repository::tags_within(std::size_t most_requests) {
  TagListing listing(*connection_, name_);
  return tags_within(listing, most_requests, connection_->stop());
}

std::optional<std::vector<std::string>> Repository::begin_tags(std::stop_token stop) {
  const AnyStop either(connection_->stop(), stop);
  auto listing = std::make_unique<TagListing>(*connection_, name_);
  auto tags = tags_within(*listing, 1, either.token());
  if (!tags && listing->has_more()) {
    const std::lock_guard lock(listing_mutex_);
    unfinished_listing_ = std::move(listing);
  }
  return tags;
}

std::optional<std::vector<std::string>> Repository::more_tags_within(std::size_t most_requests) {
  std::unique_ptr<TagListing> listing;
  {
    const std::lock_guard lock(listing_mutex_);
    listing = std::move(unfinished_listing_);
  }
  return listing ? tags_within(*listing, most_requests, connection_->stop()) : std::nullopt;
}

std::optional<std::vector<std::string>> Repository::tags_within(TagListing& listing, std::size_t most_requests,
                                                                const std::stop_token& stop) {
  try {
    return listing.run_within(most_requests, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    // distribution responds like this for a repository with images, but without tags.
    if (listing.is_repository_unknown()) return std::vector<std::string>();
    return std::nullopt;  // not every registry lists tags, or lets every user list them
  }
}

/// Lists `manifest` at its subject's tag. Others may write the list at the same time, so it is read again.
void Repository::attach(const RawManifest& manifest, const Digest& subject) {
  const std::string tag = referrers_tag(subject);
  const std::lock_guard lock(attach_mutex_);
  for (int writes = 0;; ++writes) {
    const auto current = this->manifest(tag);
    // GitLab's registry resolves such a tag to the subject itself: then there is no list yet.
    const bool is_list = current && current->descriptor.digest != subject;
    auto bytes = add_referrer(is_list ? &*current : nullptr, manifest);
    if (!bytes) return;
    if (writes == limits::kReferrersTagWrites) {
      throw Error(ErrorCode::Unstable, text::cat("the list of referrers at ", to_string(name_), ":", tag, " has lost ",
                                                 manifest.descriptor.digest.text(), " again after ", writes, " writes"))
          .hint("others seem to be writing it all the time; run the same command again");
    }
    RawManifest index{{std::string(media_type::kOciIndex), sha256(*bytes), bytes->size()}, *std::move(bytes)};
    send_manifest(index, index.descriptor.media_type, tag);
  }
}

}  // namespace ociferry

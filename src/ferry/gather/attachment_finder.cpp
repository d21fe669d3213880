#include "ferry/gather/attachment_finder.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "base/text.hpp"
#include "credentials/finding.hpp"
#include "ferry/gather/referrers_list.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

std::span<const std::string_view> suffixes(Referrers which) {
  return std::span(kAttachmentSuffixes).first(which == Referrers::All ? kAttachmentSuffixes.size() : 1);
}

bool is_attached(const ParsedManifest& manifest, const Subject& subject) {
  const Descriptor* const of = subject_of(manifest.parsed);
  return of != nullptr && of->digest == subject.digest;
}

bool holds(const std::vector<Attachment>& found, const Digest& digest) {
  return std::ranges::any_of(found, [&](const Attachment& one) { return one.reference.digest == digest; });
}

Attachment attachment(const Subject& subject, ParsedManifest manifest, std::optional<std::string> tag,
                      const std::shared_ptr<CachingSource>& source) {
  Reference reference = Reference::by_digest(subject.name, manifest.digest());
  return {.reference = std::move(reference),
          .tag = std::move(tag),
          .tree = fetch_tree(*source, std::move(manifest)),
          .source = source};
}

}  // namespace

std::vector<Attachment> AttachmentFinder::find(const std::vector<Subject>& subjects) {
  list_tags(subjects);
  std::vector<std::vector<Attachment>> found(subjects.size());
  run_parallel_or_throw(context_.jobs, subjects.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
    try {
      found[i] = find_one(subjects[i]);
    } catch (Error& error) {
      error.while_doing(
          text::cat("looking for attachments of ", to_string(subjects[i].name), "@", subjects[i].digest.text()));
      if (error.code() != ErrorCode::Interrupted) {
        error.hint(which_ == Referrers::All ? "--with-referrers=false leaves out all attachments"
                                            : "without --cosign-signatures no signatures are looked for");
      }
      throw;
    }
  });
  std::vector<Attachment> all;
  for (auto& some : found) std::ranges::move(some, std::back_inserter(all));
  return all;
}

/// Lists all tags of a repository instead of resolving each tag of interest, if that takes at most half as many
/// requests. Later levels reuse the list.
void AttachmentFinder::list_tags(const std::vector<Subject>& subjects) {
  std::map<RepositoryName, std::size_t> requests;
  for (const Subject& subject : subjects) {
    if (!tags_.contains(subject.name)) requests[subject.name] += suffixes(which_).size();
  }
  std::erase_if(requests, [](const auto& entry) { return entry.second < 2; });
  std::vector<std::pair<RepositoryName, std::size_t>> order(requests.begin(), requests.end());
  std::vector<Tags> listed(order.size());
  run_parallel_or_throw(context_.jobs, order.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
    const auto tags = open_(order[i].first)->tags_within(order[i].second / 2);
    if (tags) listed[i].emplace(tags->begin(), tags->end());
  });
  for (std::size_t i = 0; i < order.size(); ++i) tags_.emplace(order[i].first, std::move(listed[i]));
}

bool AttachmentFinder::may_have(const RepositoryName& name, const std::string& tag) const {
  const auto known = tags_.find(name);
  return is_valid_tag(tag) && (known == tags_.end() || !known->second || known->second->contains(tag));
}

std::vector<Attachment> AttachmentFinder::find_one(const Subject& subject) {
  std::vector<Attachment> found;
  const auto source = open_(subject.name);
  add_tagged(subject, source, found);
  if (which_ == Referrers::All) add_listed(subject, source, found);
  return found;
}

void AttachmentFinder::add_tagged(const Subject& subject, const std::shared_ptr<CachingSource>& source,
                                  std::vector<Attachment>& found) {
  for (const std::string_view suffix : suffixes(which_)) {
    const std::string tag = attachment_tag(subject.digest, suffix);
    if (!may_have(subject.name, tag)) continue;
    try {
      if (auto raw = read(subject.name, *source, tag)) {
        found.push_back(attachment(subject, parse(*std::move(raw)), tag, source));
      }
    } catch (const Error& error) {
      leave_out_malformed(text::cat(to_string(subject.name), ":", tag), error);
    }
  }
}

void AttachmentFinder::add_listed(const Subject& subject, const std::shared_ptr<CachingSource>& source,
                                  std::vector<Attachment>& found) {
  for (const Descriptor& descriptor : listed(subject, *source)) {
    if (holds(found, descriptor.digest)) continue;
    const std::string name = to_string(Reference::by_digest(subject.name, descriptor.digest));
    if (!media_type::is_manifest(descriptor.media_type) && !media_type::is_index(descriptor.media_type)) {
      context_.progress->warn(text::cat("left out, because it is neither an image nor an index: ", name, " (",
                                        descriptor.media_type, "), attached to ", subject.digest.text()));
      continue;
    }
    try {
      add_one_listed(subject, descriptor.digest, source, found);
    } catch (const Error& error) {
      leave_out_malformed(name, error);
    }
  }
}

void AttachmentFinder::add_one_listed(const Subject& subject, const Digest& digest,
                                      const std::shared_ptr<CachingSource>& source, std::vector<Attachment>& found) {
  const std::string name = to_string(Reference::by_digest(subject.name, digest));
  auto raw = read(subject.name, *source, digest.text());
  if (!raw) {
    context_.progress->warn(
        text::cat("left out, because it is listed but missing: ", name, ", attached to ", subject.digest.text()));
    return;
  }
  ParsedManifest manifest = parse(*std::move(raw));
  if (!is_attached(manifest, subject)) {
    context_.progress->warn(text::cat("left out, because its own subject is another one: ", name,
                                      ", which is listed as attached to ", subject.digest.text()));
    return;
  }
  found.push_back(attachment(subject, std::move(manifest), std::nullopt, source));
}

/// Call it while `error` is handled. An attachment that nothing can read at the destination is not needed there.
void AttachmentFinder::leave_out_malformed(const std::string& name, const Error& error) const {
  if (error.code() != ErrorCode::Hostile) throw;
  context_.progress->warn(text::cat("left out, because it cannot be read: ", name, ": ", error.message()));
}

std::vector<Descriptor> AttachmentFinder::listed(const Subject& subject, CachingSource& source) {
  const auto is_refused = [&] {
    const std::lock_guard lock(mutex_);
    return refused_lists_.contains(subject.name);
  };
  try {
    if (!is_refused()) {
      if (auto all = source.referrers(subject.digest)) return *std::move(all);
    }
  } catch (const Error& error) {
    if (!is_refusal(error)) throw;
    note_refusal(subject.name, error);
    const std::lock_guard lock(mutex_);
    refused_lists_.insert(subject.name);
  }
  if (!may_have(subject.name, referrers_tag(subject.digest))) return {};
  try {
    return listed_at_tag(source, subject.digest);
  } catch (const Error& error) {
    if (!is_refusal(error)) throw;
    note_refusal(subject.name, error);
    return {};
  }
}

std::optional<RawManifest> AttachmentFinder::read(const RepositoryName& name, CachingSource& source,
                                                  const std::string& selector) {
  try {
    return source.manifest(selector);
  } catch (const Error& error) {
    if (!is_refusal(error)) throw;
    note_refusal(name, error);
    return std::nullopt;
  }
}

void AttachmentFinder::note_refusal(const RepositoryName& name, const Error& refusal) {
  const std::lock_guard lock(mutex_);
  if (!refused_.insert(name).second) return;
  context_.progress->warn(
      text::cat("signatures and other attachments of images of ", to_string(name),
                " may be left out, because its registry denies access to them; where signatures are "
                "required, these images will be rejected: ",
                refusal.message()));
}

}  // namespace ociferry

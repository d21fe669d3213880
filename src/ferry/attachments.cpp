#include "ferry/attachments.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Words in a media type that tell what it is.
struct KindWord {
  std::string_view word;
  std::string_view kind;
};
constexpr std::array<KindWord, 10> kKindWords = {{{"cosign.simplesigning", "signature"},
                                                  {"cosign.artifact.sig", "signature"},
                                                  {"cncf.notary.signature", "signature"},
                                                  {"in-toto", "attestation"},
                                                  {"dsse.envelope", "attestation"},
                                                  {"slsa", "attestation"},
                                                  {"spdx", "sbom"},
                                                  {"cyclonedx", "sbom"},
                                                  {"syft", "sbom"},
                                                  {"cosign.artifact.sbom", "sbom"}}};

std::string_view kind_of_type(std::string_view media_type) {
  const auto found = std::ranges::find_if(
      kKindWords, [&](const KindWord& one) { return media_type.find(one.word) != std::string_view::npos; });
  return found == kKindWords.end() ? std::string_view{} : found->kind;
}

std::string_view kind_of_tag(std::string_view tag) {
  if (!attachment_subject(tag)) return {};
  if (tag.ends_with(".sig")) return "signature";
  return tag.ends_with(".att") ? "attestation" : "sbom";
}

/// A Sigstore bundle holds either; it says which in its annotations.
std::string_view kind_of_bundle(const std::map<std::string, std::string>& annotations) {
  const auto predicate = annotations.find("dev.sigstore.bundle.predicateType");
  const bool attests = predicate != annotations.end() && predicate->second != "https://sigstore.dev/cosign/sign/v1";
  return attests ? "attestation" : "signature";
}

std::string kind_of_manifest(const Manifest& manifest) {
  if (manifest.artifact_type.starts_with("application/vnd.dev.sigstore.bundle")) {
    return std::string(kind_of_bundle(manifest.annotations));
  }
  std::vector<std::string> types{manifest.artifact_type};
  if (manifest.config) types.push_back(manifest.config->media_type);
  if (!manifest.layers.empty()) types.push_back(manifest.layers.front().media_type);
  for (const std::string& type : types) {
    if (const auto kind = kind_of_type(type); !kind.empty()) return std::string(kind);
  }
  return manifest.artifact_type;
}

/// The manifests of `set` by what their `subject` is.
std::map<Digest, std::set<Digest>> by_subject(const ImageSet& set, const std::set<Digest>& manifests) {
  std::map<Digest, std::set<Digest>> all;
  for (const Digest& digest : manifests) {
    const Descriptor* subject = subject_of(set.graph().at(digest).parsed);
    if (subject != nullptr) all[subject->digest].insert(digest);
  }
  return all;
}

void remove(std::set<Digest>& digests, const std::vector<Descriptor>& listed) {
  for (const Descriptor& one : listed) digests.erase(one.digest);
}

/// The tags that attach images to others, and what they must point to.
std::vector<std::pair<std::string, Digest>> attaching_tags(const ImageSet& set) {
  std::vector<std::pair<std::string, Digest>> tags;
  for (const SetImage& image : set.images()) {
    for (const std::string& tag : image.tags) {
      if (attachment_subject(tag)) tags.emplace_back(tag, image.digest());
    }
  }
  return tags;
}

}  // namespace

std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject) {
  const auto raw = place.manifest(referrers_tag(subject));
  if (!raw || !media_type::is_index(raw->descriptor.media_type)) return {};  // a tag that means something else
  if (raw->descriptor.digest == subject) return {};  // GitLab's registry takes such a tag for the digest
  return std::get<ImageIndex>(parse_manifest(raw->bytes, raw->descriptor.media_type)).manifests;
}

std::string attachment_kind(const std::set<std::string>& tags, const std::variant<Manifest, ImageIndex>& parsed) {
  for (const std::string& tag : tags) {
    if (const auto kind = kind_of_tag(tag); !kind.empty()) return std::string(kind);
  }
  if (const auto* manifest = std::get_if<Manifest>(&parsed)) return kind_of_manifest(*manifest);
  const std::string& type = std::get<ImageIndex>(parsed).artifact_type;
  const auto kind = kind_of_type(type);
  return kind.empty() ? type : std::string(kind);
}

std::set<Digest> unlisted(const ImageSet& set, const std::set<Digest>& manifests, Resolver& place,
                          const Context& context) {
  const auto subjects = by_subject(set, manifests);
  std::vector<std::pair<Digest, std::set<Digest>>> left(subjects.begin(), subjects.end());
  run_parallel_or_throw(context.jobs, left.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    auto& [subject, referrers] = left[i];
    if (const auto listed = place.referrers(subject)) remove(referrers, *listed);
    if (!referrers.empty()) remove(referrers, listed_at_tag(place, subject));
  });
  std::set<Digest> all;
  for (const auto& [subject, referrers] : left) all.insert(referrers.begin(), referrers.end());
  return all;
}

void check_attached_at(const ImageSet& set, const RepositoryName& name, Tagger& target, Resolver& place,
                       const Context& context) {
  std::vector<std::string> missing;
  const auto tags = attaching_tags(set);
  std::vector<char> wrong(tags.size(), 0);
  run_parallel_or_throw(context.jobs, tags.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    if (target.resolve(tags[i].first) != tags[i].second) wrong[i] = 1;
  });
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (wrong[i] != 0) missing.push_back(text::cat(tags[i].second.text(), " at the tag ", tags[i].first));
  }
  std::set<Digest> manifests;  // not all of the graph: an index may have been left out
  for (const SetImage& image : set.images()) {
    for (const Digest& digest : set.graph().closure(image.digest())) manifests.insert(digest);
  }
  for (const Digest& digest : unlisted(set, manifests, place, context)) {
    const Digest& subject = subject_of(set.graph().at(digest).parsed)->digest;
    missing.push_back(text::cat(digest.text(), " in the list of what is attached to ", subject.text()));
  }
  if (missing.empty()) return;
  throw Error(
      ErrorCode::Unstable,
      text::cat(to_string(name), " accepted what is attached to images, but not all of it is found there:\n  - ",
                text::join(missing, "\n  - ")))
      .hint("signatures that are not found make verification fail; run the same command again");
}

}  // namespace ociferry

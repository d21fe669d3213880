#include "ferry/deliver/attachments.hpp"

#include <map>

#include "base/text.hpp"
#include "ferry/gather/referrers_list.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// The `manifests` of `graph` with a subject, by that subject.
std::map<Digest, std::set<Digest>> by_subject(const Graph& graph, const std::set<Digest>& manifests) {
  std::map<Digest, std::set<Digest>> all;
  for (const Digest& digest : manifests) {
    const Descriptor* subject = subject_of(graph.at(digest).parsed);
    if (subject != nullptr) all[subject->digest].insert(digest);
  }
  return all;
}

void remove(std::set<Digest>& digests, const std::vector<Descriptor>& listed) {
  for (const Descriptor& one : listed) digests.erase(one.digest);
}

}  // namespace

std::set<Digest> unlisted(const Graph& graph, const std::set<Digest>& manifests, Resolver& place,
                          const Context& context) {
  const auto subjects = by_subject(graph, manifests);
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

void check_attached_at(const RepositoryPlan& plan, const Graph& graph, const Destination& to, const Context& context) {
  std::vector<std::string> missing;
  const std::vector<PlannedManifest>& tags = plan.attaching_tags;
  std::vector<char> wrong(tags.size(), 0);
  run_parallel_or_throw(context.jobs, tags.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    if (to.target.resolve(tags[i].selector) != tags[i].digest()) wrong[i] = 1;
  });
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (wrong[i] != 0) missing.push_back(text::cat(tags[i].digest().text(), " at the tag ", tags[i].selector));
  }
  std::set<Digest> manifests;  // fewer than the graph's: an index may have been left out
  for (const PlannedStep& step : plan.steps) {
    for (const PlannedManifest& manifest : step) manifests.insert(manifest.digest());
  }
  for (const Digest& digest : unlisted(graph, manifests, to.source, context)) {
    const Digest& subject = subject_of(graph.at(digest).parsed)->digest;
    missing.push_back(text::cat(digest.text(), " in the referrers list of ", subject.text()));
  }
  if (missing.empty()) return;
  throw Error(
      ErrorCode::Unstable,
      text::cat(to_string(to.name), " accepted all attachments of images, but some cannot be found there:\n  - ",
                text::join(missing, "\n  - ")))
      .hint("images whose signatures are missing fail verification; run the same command again");
}

}  // namespace ociferry

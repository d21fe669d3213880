#include "ferry/deliver/relocate.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "base/text.hpp"
#include "ferry/deliver/attachments.hpp"
#include "ferry/deliver/locations_writer.hpp"
#include "ferry/deliver/proof.hpp"
#include "ferry/deliver/refused_indexes.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ferry/deliver/repair.hpp"
#include "ferry/deliver/tag_writer.hpp"
#include "ociferry/error.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kFewTags = 4;

/// What a tag that is already right at the destination proves.
enum class Trust {
  Tags,     ///< that everything below it is there, since tags are written last
  Nothing,  ///< nothing: the destination may have lost blobs since
};

/// The images of a set, by what is to be done about them.
struct Missing {
  std::vector<const SetImage*> images;     ///< blobs may be missing
  std::set<Digest> tags;                   ///< not at the destination under their tag
  std::map<std::string, TagState> others;  ///< of these, the tags that point to something else
};

/// Counts the blobs that a target has got, or turned out to have.
class Arrivals : public BlobTarget {
 public:
  explicit Arrivals(BlobTarget& to) : to_(to) {}
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    const BlobOutcome outcome = to_.put_blob(blob, from, progress, std::move(stop));
    ++count_;
    return outcome;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  BlobTarget& to_;
  std::atomic<std::size_t> count_{0};
};

class Relocation {
 public:
  Relocation(const ImageSet& set, const Destination& to, const RelocateOptions& options, Trust trust,
             const Context& context)
      : set_(set),
        to_(to),
        arrivals_(to.target),
        plan_(set, options),
        trust_(trust),
        proof_(options.proof),
        keep_tags_(options.keep_tags),
        context_(context) {
    for (const SetImage& image : set_.images()) {
      ++report_.images;
      if (image.is_bundle) ++report_.bundles;
      if (image.is_referrer) ++report_.referrers;
    }
    report_.roots = plan_.roots();
    report_.skipped = skipped_layers(set_);
  }

  TransferReport run() {
    try {
      return move();
    } catch (Error& error) {
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Network) error.hint(what_is_kept());
      throw;
    }
  }

 private:
  TransferReport move() {
    context_.progress->event(text::cat("importing ", set_.images().size(), " images..."));
    context_.progress->phase("asking the destination what it has", 0);
    if (trust_ == Trust::Tags && all_is_there()) {
      put_blobs({});
      prove_all();
      context_.progress->event("Tagging images");
      return report_;
    }
    if (keep_tags_) check_kept();
    const Missing missing = find_missing();
    put_blobs(missing.images);
    context_.progress->phase("writing manifests", 0);
    const auto written = put_images(missing);
    put_tags(RelocationPlan::Tags::Attaching);
    read_back(written);  // behind the signatures: a policy may forbid to read what has none
    check_attached_at(set_, to_.name, to_.target, to_.source, context_);
    for (const auto& step : plan_.locations()) {
      manifests_written_ += write_locations(
          step, to_, [this](const auto& tags) { return ask(tags); },
          {.trusts_tags = trust_ == Trust::Tags, .keep_tags = keep_tags_}, context_);
    }
    prove_all();
    context_.progress->event("Tagging images");
    put_tags(RelocationPlan::Tags::Roots);
    report_.manifests_written = manifests_written_;
    return report_;
  }

  /// What a run that ends now leaves for the next one.
  [[nodiscard]] std::string what_is_kept() const {
    const std::size_t there = there_before_ + arrivals_.count();
    if (there == 0 && manifests_written_ == 0) return "nothing was written; run the same command again";
    return text::cat(there, " of ", set_.graph().blobs().size(), " blobs are in ", to_string(to_.name),
                     " by now: the same command goes on with the others");
  }

  void prove_all() {
    if (proof_ == Proof::Manifests) return;  // without making lists of what may be many blobs
    report_.blobs_proved = prove(to_, everything(set_, plan_), proof_, context_);
  }

  /// Finds out before anything is written whether a tag would have to be moved.
  void check_kept() const {
    std::vector<PlannedManifest> named = plan_.tags(RelocationPlan::Tags::Attaching);
    for (PlannedManifest& tag : plan_.tags(RelocationPlan::Tags::Roots)) named.push_back(std::move(tag));
    for (PlannedManifest& tag : plan_.image_tags()) named.push_back(std::move(tag));
    std::vector<TagState> states = ask(named);
    for (const auto& step : plan_.locations()) {
      for (const PlannedLocations& planned : step) {
        const TagState mark = ask({planned.mark()}).front();
        if (mark.moves() && !has_usable_locations(to_, *planned.bundle, context_)) states.push_back(mark);
      }
    }
    refuse_moves(to_, states);
  }

  [[nodiscard]] bool all_is_there() const {
    const auto marks = plan_.marks();
    std::atomic<bool> all{true};
    run_parallel_or_throw(context_.jobs, marks.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      if (all && !ask_tag(to_, marks[i], context_).is_right()) all = false;
    });
    return all && unlisted_in(pointers()).empty();
  }

  [[nodiscard]] Missing find_missing() {
    const auto tags = plan_.image_tags();
    if (trust_ == Trust::Tags && tags.size() >= kFewTags) listed_ = to_.source.tags_within(tags.size() / kFewTags);
    std::vector<TagState> states(tags.size());
    run_parallel_or_throw(context_.jobs, tags.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { states[i] = state_of(tags[i]); });
    Missing missing;
    std::vector<const SetImage*> tagged;
    for (std::size_t i = 0; i < tags.size(); ++i) {
      const SetImage& image = set_.images()[i];
      if (!states[i].is_right()) missing.tags.insert(image.digest());
      if (states[i].moves()) missing.others.emplace(tags[i].selector, states[i]);
      (states[i].is_right() ? tagged : missing.images).push_back(&image);
    }
    // An earlier run may have ended between a manifest and the list of what is attached to its subject: then it is put
    // once more, although its tag is right.
    const std::set<Digest> unlisted = unlisted_in(tagged);
    missing.tags.insert(unlisted.begin(), unlisted.end());
    std::ranges::copy_if(tagged, std::back_inserter(missing.images), [&](const SetImage* image) {
      const auto manifests = set_.graph().closure(image->digest());
      return trust_ == Trust::Nothing ||
             std::ranges::any_of(manifests, [&](const Digest& digest) { return unlisted.contains(digest); });
    });
    return missing;
  }

  /// False if the destination's list of tags lacks it. A list that is behind costs no more than writing once more what
  /// is there.
  [[nodiscard]] bool may_be_there(const PlannedManifest& tag) const {
    return !listed_ || std::ranges::binary_search(*listed_, tag.selector);
  }

  /// What is at `tags`, in their order.
  [[nodiscard]] std::vector<TagState> ask(const std::vector<PlannedManifest>& tags) const {
    std::vector<PlannedManifest> open;
    std::ranges::copy_if(tags, std::back_inserter(open), [this](const auto& tag) { return may_be_there(tag); });
    const std::vector<TagState> asked = ask_tags(to_, open, context_);
    std::vector<TagState> states;
    auto next = asked.begin();
    for (const PlannedManifest& tag : tags) {
      states.push_back(may_be_there(tag) ? *next++ : TagState{.wanted = tag, .there = std::nullopt});
    }
    return states;
  }

  [[nodiscard]] std::vector<const SetImage*> pointers() const {
    std::vector<const SetImage*> all;
    for (const SetImage& image : set_.images()) all.push_back(&image);
    return all;
  }

  /// What of `images` the destination does not list as attached to its subject.
  [[nodiscard]] std::set<Digest> unlisted_in(const std::vector<const SetImage*>& images) const {
    std::set<Digest> manifests;
    for (const SetImage* image : images) {
      for (const Digest& digest : set_.graph().closure(image->digest())) manifests.insert(digest);
    }
    return unlisted(set_, manifests, to_.source, context_);
  }

  [[nodiscard]] TagState state_of(const PlannedManifest& tag) const {
    if (!may_be_there(tag)) return {.wanted = tag};
    if (trust_ == Trust::Tags) return ask_tag(to_, tag, context_);
    return ask_tag(tag, context_, [&] {
      const auto raw = to_.source.manifest(tag.selector);
      return raw ? std::optional(raw->descriptor.digest) : std::nullopt;
    });
  }

  void put_blobs(const std::vector<const SetImage*>& images) {
    const std::vector<Graph::BlobNode> needed = plan_.blobs(images);
    there_before_ = set_.graph().blobs().size() - needed.size();
    report_.blobs_existed = images.empty() ? set_.graph().blobs().size() - needed.size() : 0;
    if (needed.empty()) return;
    std::vector<const Graph::BlobNode*> blobs;
    std::uint64_t bytes = 0;
    for (const Graph::BlobNode& blob : needed) {
      blobs.push_back(&blob);
      bytes += blob.descriptor.size;
    }
    context_.progress->phase(text::cat("writing ", blobs.size(), " blobs to ", to_string(to_.name)), bytes);
    const BlobCounts counts = copy_blobs(std::move(blobs), arrivals_, context_.jobs, *context_.progress, context_.stop);
    report_.blobs_written = counts.written;
    report_.blobs_mounted = counts.mounted;
    report_.blobs_existed += counts.existed;
    report_.bytes_written = counts.bytes_written;
  }

  std::vector<PlannedManifest> put_images(const Missing& missing) {
    std::vector<PlannedManifest> all;
    for (const auto& step : plan_.steps(missing.images, missing.tags)) {
      run_parallel_or_throw(context_.jobs, step.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
        const auto other = missing.others.find(step[i].selector);
        put_image(other == missing.others.end() ? TagState{.wanted = step[i]} : other->second);
      });
      if (refusal_) throw *refusal_;
      all.insert(all.end(), step.begin(), step.end());
    }
    return all;
  }

  /// An index that the destination does not take although it has all of it that is there is no failure yet.
  void put_image(const TagState& image) {
    try {
      put_tag(to_, image, context_);
      ++manifests_written_;
    } catch (const Error& error) {
      const Digest& digest = image.wanted.digest();
      if (!is_for_absence(error, set_.graph(), digest, to_)) throw;
      const std::lock_guard lock(mutex_);
      if (!refusal_) refusal_.emplace(error, std::set<Digest>{});
      refusal_->indexes.insert(digest);
    }
  }

  /// Success is proved, not assumed: what was put is read again and compared.
  void read_back(const std::vector<PlannedManifest>& manifests) {
    run_parallel_or_throw(context_.jobs, manifests.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      const auto ask = [&]() -> std::optional<Digest> {
        const auto raw = to_.source.manifest(manifests[i].selector);
        return raw ? std::optional(raw->descriptor.digest) : std::nullopt;
      };
      await_kept(to_, manifests[i], ask, context_);
    });
  }

  void put_tags(RelocationPlan::Tags which) {
    const auto tags = ask(plan_.tags(which));
    if (keep_tags_) refuse_moves(to_, tags);  // somebody may have put them in the meantime
    manifests_written_ += write_tags(to_, tags, context_);
  }

  const ImageSet& set_;
  const Destination& to_;
  Arrivals arrivals_;
  std::size_t there_before_ = 0;  ///< blobs that need not be put, because their images are there
  RelocationPlan plan_;
  Trust trust_;
  Proof proof_;
  bool keep_tags_;
  std::optional<std::vector<std::string>> listed_;  ///< the destination's tags before anything was written, if known
  const Context& context_;
  TransferReport report_;
  std::atomic<std::size_t> manifests_written_{0};
  std::mutex mutex_;
  std::optional<IndexesRefused> refusal_;
};

/// Relocates `set`; what of it the destination does not take is replaced in `parts`.
TransferReport relocate_round(const ImageSet& set, std::optional<ImageSet>& parts, const Destination& to,
                              const RelocateOptions& options, Trust trust, const Context& context) {
  for (;;) {
    const ImageSet& moved = parts ? *parts : set;
    try {
      return Relocation(moved, to, options, trust, context).run();
    } catch (const IndexesRefused& refusal) {
      if (options.lock_output) {
        throw Error(ErrorCode::Refused, text::cat(to_string(to.name),
                                                  " takes no index of which a part is absent, and "
                                                  "the lock file would name one: ",
                                                  refusal.message()))
            .hint("leave --lock-output out: then what is there of the index is put without it");
      }
      ImageSet rest = without_indexes(moved, refusal.indexes, *context.progress);
      check_tags(rest, options.root_tags);
      parts = std::move(rest);
    }
  }
}

}  // namespace

TransferReport relocate(const ImageSet& set, const Destination& to, const RelocateOptions& options,
                        const Context& context) {
  check_tags(set, options.root_tags);
  check_digests(set);
  TransferReport report;
  std::optional<ImageSet> parts;
  run_with_repairs(to.name, context, [&](Round round) {
    const Trust trust = options.recheck || round == Round::Repair ? Trust::Nothing : Trust::Tags;
    report = relocate_round(set, parts, to, options, trust, context);
  });
  return report;
}

}  // namespace ociferry

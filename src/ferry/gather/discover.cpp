#include "ferry/gather/discover.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/gather/asked_ahead.hpp"
#include "ferry/gather/attachment_finder.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/places.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/platforms.hpp"
#include "oci/limits.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// An image to find.
struct Wanted {
  Reference reference;                    ///< roots: by tag or digest; others: by digest, from the lock file
  Places places;                          ///< where to look, in this order
  const Root* root = nullptr;             ///< null: listed in a lock file
  FirstPlace first = FirstPlace::Bundle;  ///< where the images of its bundle were found
  bool is_only_one = false;               ///< of its bundle, which has no locations
};

/// An image that was found.
struct FoundImage {
  SetImage image;
  RepositoryName place;  ///< where it was found
  ManifestTree tree;
  std::shared_ptr<CachingSource> source;
  std::vector<Wanted> next;  ///< for a bundle: the images of its lock file
  /// The platform of an image that is no index, where it is not wanted.
  std::optional<Platform> other_platform = {};
};

/// The state of an image that lock files list.
struct ListedImage {
  Reference name;                   ///< the smallest of its names in lock files
  std::set<RepositoryName> tried;   ///< places already searched, or being searched
  std::exception_ptr failure = {};  ///< of the last search
};

void check_kind(const Root& root, const FoundImage& found) {
  if (root.from_images_lock && found.image.is_bundle) {
    throw Error(ErrorCode::Usage, "Unable to copy bundles using an Images Lock file")
        .hint("Create a bundle with these images");
  }
  if (root.kind == SourceArgument::Kind::Image && found.image.is_bundle) {
    throw Error(ErrorCode::Usage, "Expected bundle flag when copying a bundle")
        .hint("Use -b instead of -i for bundles");
  }
  if (root.kind == SourceArgument::Kind::Bundle && !found.image.is_bundle) {
    throw Error(ErrorCode::Usage, "Expected bundle image but found plain image").hint("Did you use -i instead of -b?");
  }
}

class Discovery {
 public:
  Discovery(OpenSource open_source, const GatherOptions& gather, const Context& context)
      : open_source_(std::move(open_source)), gather_(gather), context_(context) {}

  ImageSet run(const std::vector<Root>& roots) {
    std::vector<Wanted> frontier;
    for (const Root& root : roots) {
      frontier.push_back({.reference = root.reference, .places = {root.reference.name}, .root = &root});
    }
    for (std::size_t round = 0; !frontier.empty(); ++round) {
      // A level can take two rounds: the second searches new places for images that were not found.
      check_depth("bundles", (round + 1) / 2);
      frontier = explore(frontier);
    }
    throw_failures();
    if (!subjects_.empty()) find_attachments();
    announce();
    std::vector<SetImage> images;
    for (auto& [digest, image] : images_) {
      // Lock files may name a digest differently: the smallest name is used, so that the order of discovery does not
      // matter.
      if (!image.is_root && !image.is_referrer) image.reference = listed_.at(digest).name;
      images.push_back(std::move(image));
    }
    ImageSet set(std::move(images), std::move(graph_));
    // An archive that no import would accept must not be written.
    check_attached(set);
    check_nesting(set);
    check_tags(set, false);
    check_names(set);
    const std::vector<Platform>& platforms = gather_.selection.platforms;
    warn_of_absent_children(set, *context_.progress, platforms);
    warn_of_lacking_platforms(set, platforms, *context_.progress);
    warn_of_other_platforms(other_platforms_, *context_.progress);
    return set;
  }

 private:
  /// Finds all of `frontier` in parallel, then adds the results in order, so that the outcome is deterministic.
  std::vector<Wanted> explore(const std::vector<Wanted>& frontier) {
    std::vector<std::optional<FoundImage>> found(frontier.size());
    const auto failures = run_parallel(context_.jobs, frontier.size(), OnFailure::CarryOn, context_.stop,
                                       [&](std::size_t i, const std::stop_token&) {
                                         found[i] = find(frontier[i]);
                                         ahead_.help();
                                       });
    std::map<Digest, Wanted> next;
    for (std::size_t i = 0; i < frontier.size(); ++i) {
      if (!failures[i]) {
        take_in(*std::move(found[i]), next);
      } else if (frontier[i].root != nullptr) {
        root_failures_.push_back(failures[i]);
      } else {
        listed_.at(*frontier[i].reference.digest).failure = failures[i];
      }
    }
    std::vector<Wanted> wanted;
    for (auto& [digest, image] : next) {
      if (!images_.contains(digest)) wanted.push_back(std::move(image));
    }
    return wanted;
  }

  void take_in(FoundImage found, std::map<Digest, Wanted>& next) {
    const Digest digest = found.image.digest();
    note_subjects(found.tree, found.place, subjects_);
    graph_.add(std::move(found.tree), found.source, layer_filter());
    const auto [known, is_new] = images_.try_emplace(digest, found.image);
    if (!is_new) merge(known->second, found.image);
    if (!is_new) return;
    if (found.other_platform) other_platforms_.emplace(to_string(found.image.reference), *found.other_platform);
    found_at_.push_back(to_string(Reference::by_digest(found.place, digest)));
    check_listed(listed_in_locks_ += found.image.lock.images.size());
    for (const Wanted& wanted : found.next) note(wanted, next);
  }

  /// Records an image of a lock file, to be searched for in its places that were not tried yet.
  void note(const Wanted& wanted, std::map<Digest, Wanted>& next) {
    const Digest& digest = *wanted.reference.digest;
    ListedImage& listed = listed_.try_emplace(digest, ListedImage{.name = wanted.reference, .tried = {}}).first->second;
    if (to_string(wanted.reference) < to_string(listed.name)) listed.name = wanted.reference;
    for (const RepositoryName& place : wanted.places) {
      if (!listed.tried.insert(place).second) continue;
      next.try_emplace(digest, Wanted{.reference = wanted.reference,
                                      .places = {},
                                      .first = wanted.first,
                                      .is_only_one = wanted.is_only_one})
          .first->second.places.push_back(place);
    }
  }

  /// Merges two finds of one digest: by two roots, or by a root and a lock file. A root's name takes precedence.
  static void merge(SetImage& known, const SetImage& other) {
    if (!other.is_root) return;
    if (known.is_root) known.also[known.reference.name].merge(known.tags);
    known.also[other.reference.name].insert(other.tags.begin(), other.tags.end());
    known.is_root = true;
    // The smallest name comes first, so that the order of the roots does not count.
    auto first = known.also.extract(known.also.begin());
    known.reference.name = first.key();
    known.tags = std::move(first.mapped());
  }

  /// Records manifests that may have attachments. imgpkg looks only for signatures of top-level images.
  void note_subjects(const ManifestTree& tree, const RepositoryName& name, std::vector<Subject>& subjects) {
    if (gather_.referrers == Referrers::None) return;
    const std::size_t count = gather_.referrers == Referrers::All ? tree.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      const Subject subject{tree[i].raw.descriptor.digest, name};
      if (asked_.insert(subject).second) subjects.push_back(subject);
    }
  }

  /// Level by level: a signature may be attached to a bill of materials, and that to an image.
  void find_attachments() {
    context_.progress->phase("looking for attachments of images", 0);
    AttachmentFinder finder(
        gather_.referrers, [this](const RepositoryName& name) { return source(name); }, context_);
    std::vector<Subject> frontier = std::move(subjects_);
    for (std::size_t depth = 0; !frontier.empty(); ++depth) {
      if (depth > limits::kGraphDepth) {
        throw Error(ErrorCode::Hostile,
                    text::cat("attachments of attachments, more than ", limits::kGraphDepth,
                              " levels deep: ", to_string(frontier.front().name), "@", frontier.front().digest.text()));
      }
      std::ranges::sort(frontier);  // makes the outcome deterministic
      std::vector<Subject> next;
      for (Attachment& attachment : finder.find(frontier)) take_in(std::move(attachment), next);
      frontier = gather_.referrers == Referrers::All ? std::move(next) : std::vector<Subject>{};
    }
  }

  void take_in(Attachment attachment, std::vector<Subject>& next) {
    const Digest& digest = *attachment.reference.digest;
    if (attachment.tag && tag_owners_.try_emplace(*attachment.tag, digest).first->second != digest) {
      context_.progress->warn(text::cat("left out: ", to_string(attachment.reference),
                                        ", because another repository has another attachment at the tag ",
                                        *attachment.tag));
      return;
    }
    const SetImage image{.reference = attachment.reference, .is_referrer = true};
    const auto [known, is_new] = images_.try_emplace(digest, image);
    SetImage& kept = known->second;
    if (attachment.tag) kept.tags.insert(*attachment.tag);
    if (kept.is_referrer && to_string(image.reference) < to_string(kept.reference)) kept.reference = image.reference;
    if (is_new) found_at_.push_back(to_string(attachment.reference));
    if (is_new && ++referrers_ > limits::kReferrers) {
      throw Error(ErrorCode::Hostile, text::cat("more than ", limits::kReferrers, " referrers"));
    }
    note_subjects(attachment.tree, attachment.reference.name, next);
    graph_.add(std::move(attachment.tree), attachment.source, layer_filter());
  }

  [[nodiscard]] Graph::LayerFilter layer_filter() const {
    return gather_.nondistributable_layers ? Graph::move_all : Graph::move_none;
  }

  std::shared_ptr<CachingSource> source(const RepositoryName& name) {
    const std::lock_guard lock(mutex_);
    auto& source = sources_[name];
    if (!source) source = std::make_shared<CachingSource>(open_source_(name), cache_budget_);
    return source;
  }

  FoundImage find(const Wanted& wanted) {
    const auto doing = [&] { return text::cat("reading ", to_string(wanted.reference)); };
    return with_context(doing, [&] {
      const bool is_beside = std::ranges::find(wanted.places, wanted.reference.name) != wanted.places.end();
      const auto droppable =
          wanted.is_only_one && is_beside ? ask_where_lock_says(wanted.reference, wanted.places.front()) : nullptr;
      for (Places places = wanted.places;;) {
        Located located = locate(
            wanted.reference, places, [this](const RepositoryName& name) { return source(name); }, *context_.progress);
        const auto next = std::next(std::ranges::find(places, located.name));
        try {
          return read(wanted, std::move(located));
        } catch (const Error& error) {
          // A repository may have an index, but nothing of what it lists.
          if (error.code() != ErrorCode::NotFound || next == places.end()) throw;
          context_.progress->debug(error.message());
        }
        places.erase(places.begin(), next);
      }
    });
  }

  /// Asks for an image where its lock file says it is, too, while `first` is asked.
  std::unique_ptr<AskedAhead::Droppable> ask_where_lock_says(const Reference& image, const RepositoryName& first) {
    return ahead_.about_place(*source(image.name), image, first);
  }

  FoundImage read(const Wanted& wanted, Located located) {
    if (wanted.root != nullptr && wanted.root->kind == SourceArgument::Kind::Bundle) {
      ahead_.about_bundle(*located.source, located.manifest);
    }
    ahead_.about_image(*located.source, located.name, located.manifest);
    FoundImage found{.image = {.reference = Reference::by_digest(wanted.reference.name, located.manifest.digest())},
                     .place = located.name,
                     .tree = {},
                     .source = located.source,
                     .next = {}};
    found.image.is_bundle = is_bundle(*found.source, located.manifest.parsed, context_.stop);
    if (wanted.root != nullptr) {
      found.image.is_root = true;
      if (wanted.root->tag) found.image.tags.insert(*wanted.root->tag);
      check_kind(*wanted.root, found);
    }
    if (found.image.is_bundle) open_bundle(found, located, wanted);
    found.other_platform = other_platform(*found.source, located.manifest.parsed);
    found.tree = fetch_tree(*found.source, std::move(located.manifest), {.platforms = gather_.selection.platforms});
    return found;
  }

  /// The configuration has been read already: it tells bundles from images.
  std::optional<Platform> other_platform(CachingSource& source, const std::variant<Manifest, ImageIndex>& parsed) {
    const auto* manifest = std::get_if<Manifest>(&parsed);
    if (manifest == nullptr || gather_.selection.platforms.empty()) return std::nullopt;
    return ociferry::other_platform(source, *manifest, gather_.selection.platforms, context_.stop);
  }

  void open_bundle(FoundImage& found, const Located& located, const Wanted& wanted) {
    ahead_.about_bundle(*found.source, located.manifest);
    found.image.lock = read_images_lock(*found.source, located.manifest, context_.unpack, context_.stop);
    const Reference at = Reference::by_digest(located.name, located.manifest.digest());
    const auto locations = find_locations(*found.source, at, found.image.lock, *context_.progress, context_.stop);
    // If a bundle is where its lock file says, so are its images, most likely.
    const bool at_home = wanted.first == FirstPlace::Lock && at.name == wanted.reference.name;
    const FirstPlace first = locations ? FirstPlace::Bundle
                             : at_home ? FirstPlace::Lock
                                       : probe(*found.source, found.image.lock, at.name);
    const bool is_only_one = found.image.lock.images.size() == 1 && !locations && !at_home;
    for (const ImageRef& ref : found.image.lock.images) {
      found.next.push_back({.reference = ref.image,
                            .places = places_of(ref.image, at.name, locations ? &*locations : nullptr, first),
                            .first = first,
                            .is_only_one = is_only_one});
    }
  }

  FirstPlace probe(CachingSource& bundle, const ImagesLock& lock, const RepositoryName& name) {
    if (!is_probed(lock)) return FirstPlace::Bundle;
    const auto droppable = ask_where_lock_says(lock.images.front().image, name);
    const FirstPlace first = first_place(bundle, lock);
    if (droppable && first == FirstPlace::Lock) droppable->keep();
    return first;
  }

  /// imgpkg's messages about the images and their places.
  void announce() {
    context_.progress->event(text::cat("exporting ", found_at_.size(), " images..."));
    std::ranges::sort(found_at_);
    for (const std::string& reference : found_at_) context_.progress->event(text::cat("will export ", reference));
    context_.progress->event(text::cat("exported ", found_at_.size(), " images"));
  }

  void throw_failures() const {
    std::vector<std::string> lines;
    std::set<ErrorCode> codes;
    const auto add = [&](const std::exception_ptr& failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const Error& error) {
        codes.insert(error.code());
        lines.push_back(error.context().empty() ? error.message()
                                                : text::cat(error.context().back(), ": ", error.message()));
      }
    };
    if (root_failures_.size() == 1) std::rethrow_exception(root_failures_.front());
    for (const auto& failure : root_failures_) add(failure);
    for (const auto& [digest, listed] : listed_) {
      if (listed.failure && !images_.contains(digest)) add(listed.failure);
    }
    if (lines.empty()) return;
    const bool all_missing = codes == std::set{ErrorCode::NotFound};
    throw Error(all_missing ? ErrorCode::Incomplete : *codes.rbegin(),
                text::cat(lines.size(), lines.size() == 1 ? " image" : " images", " cannot be read:\n  - ",
                          text::join(lines, "\n  - ")))
        .hint("all other images were read; nothing was written");
  }

  OpenSource open_source_;
  const GatherOptions& gather_;
  const Context& context_;
  std::mutex mutex_;
  std::map<RepositoryName, std::shared_ptr<CachingSource>> sources_;
  std::shared_ptr<CacheBudget> cache_budget_ = std::make_shared<CacheBudget>(kCacheBytes);
  Graph graph_;
  std::map<Digest, SetImage> images_;
  std::map<std::string, Platform> other_platforms_;  ///< of images that are no indexes, by their names
  std::vector<std::string> found_at_;                ///< digest references, one for each image
  std::map<Digest, ListedImage> listed_;
  std::size_t listed_in_locks_ = 0;  ///< with repetitions
  std::vector<std::exception_ptr> root_failures_;
  std::vector<Subject> subjects_;             ///< in the order of discovery
  std::set<Subject> asked_;                   ///< all whose attachments were or will be looked for
  std::map<std::string, Digest> tag_owners_;  ///< the targets of attaching tags
  std::size_t referrers_ = 0;
  AskedAhead ahead_{gather_, context_};  // last: it asks the sources
};

}  // namespace

ImageSet discover(const std::vector<Root>& roots, const OpenSource& open_source, const GatherOptions& gather,
                  const Context& context) {
  context.progress->phase("looking for images", 0);
  return Discovery(open_source, gather, context).run(roots);
}

}  // namespace ociferry

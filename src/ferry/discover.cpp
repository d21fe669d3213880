#include "ferry/discover.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ferry/bundle_reader.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

constexpr std::int64_t kCacheBytes = 16 * 1024 * 1024;

/// An image that is to be found.
struct Wanted {
  Reference reference;                     ///< roots: by tag or digest; others: by digest, as the lock names it
  std::vector<RepositoryName> candidates;  ///< where to look, in this order
  const Root* root = nullptr;              ///< null: listed in a lock file
};

/// An image that was found.
struct Found {
  SetImage image;
  ManifestTree tree;
  std::shared_ptr<CachingSource> source;
  std::vector<Wanted> next;  ///< bundles: the images of the lock file
};

void check_kind(const Root& root, const Found& found) {
  const std::string name = to_string(root.reference);
  if (root.from_images_lock && found.image.is_bundle) {
    throw Error(ErrorCode::Usage, text::cat("Unable to copy bundles using an Images Lock file: ", name))
        .hint("Create a bundle with these images");
  }
  if (root.kind == SourceArgument::Kind::Image && found.image.is_bundle) {
    throw Error(ErrorCode::Usage, text::cat("Expected bundle flag when copying a bundle: ", name))
        .hint("Use -b instead of -i for bundles");
  }
  if (root.kind == SourceArgument::Kind::Bundle && !found.image.is_bundle) {
    throw Error(ErrorCode::Usage, text::cat("Expected bundle image but found plain image: ", name))
        .hint("Did you use -i instead of -b?");
  }
}

class Discovery {
 public:
  Discovery(OpenSource open_source, const Context& context) : open_source_(std::move(open_source)), context_(context) {}

  ImageSet run(const std::vector<Root>& roots) {
    std::vector<Wanted> frontier;
    for (const Root& root : roots) {
      frontier.push_back({.reference = root.reference, .candidates = {root.reference.name}, .root = &root});
    }
    for (std::size_t depth = 0; !frontier.empty(); ++depth) {
      if (depth > limits::kGraphDepth) {
        throw Error(ErrorCode::Hostile, text::cat("bundles nested deeper than ", limits::kGraphDepth, " levels"));
      }
      frontier = explore(frontier);
    }
    throw_failures();
    std::vector<SetImage> images;
    for (auto& [digest, image] : images_) {
      // Locks may give one digest several names: the smallest counts, so that the order of finding does not.
      if (!image.is_root) image.reference = names_.at(digest);
      images.push_back(std::move(image));
    }
    return {std::move(images), std::move(graph_)};
  }

 private:
  /// Finds all of `frontier` side by side, then takes it in one by one, so that the result has one order.
  std::vector<Wanted> explore(const std::vector<Wanted>& frontier) {
    std::vector<std::optional<Found>> found(frontier.size());
    const auto failures = run_parallel(context_.jobs, frontier.size(), OnFailure::CarryOn, context_.stop,
                                       [&](std::size_t i, const std::stop_token&) { found[i] = find(frontier[i]); });
    std::vector<Wanted> next;
    for (std::size_t i = 0; i < frontier.size(); ++i) {
      if (failures[i]) {
        failures_.push_back(failures[i]);
      } else {
        take_in(*std::move(found[i]), next);
      }
    }
    return next;
  }

  void take_in(Found found, std::vector<Wanted>& next) {
    const Digest digest = found.image.digest();
    graph_.add(found.tree, found.source);
    const auto [known, is_new] = images_.try_emplace(digest, found.image);
    if (!is_new) merge(known->second, found.image);
    if (!is_new) return;
    for (Wanted& wanted : found.next) {
      Reference& name = names_.try_emplace(*wanted.reference.digest, wanted.reference).first->second;
      if (to_string(wanted.reference) < to_string(name)) name = wanted.reference;
      if (asked_.insert(*wanted.reference.digest).second) next.push_back(std::move(wanted));
    }
  }

  /// One digest found twice: by two roots, or by a root and in a lock file. A root's name goes before a lock's.
  static void merge(SetImage& known, const SetImage& other) {
    if (known.tag && other.tag && known.tag != other.tag) {
      throw Error(ErrorCode::Usage,
                  text::cat(to_string(known.reference), " is asked for by two tags: ", *known.tag, " and ", *other.tag))
          .hint("ask for it once; the other tag can be added at the destination");
    }
    if (!other.is_root) return;
    const bool better =
        !known.is_root || (other.tag && !known.tag) ||
        (other.tag.has_value() == known.tag.has_value() && to_string(other.reference) < to_string(known.reference));
    if (better) known.reference = other.reference;
    if (other.tag) known.tag = other.tag;
    known.is_root = true;
  }

  std::shared_ptr<CachingSource> source(const RepositoryName& name) {
    const std::lock_guard lock(mutex_);
    auto& source = sources_[name];
    if (!source) source = std::make_shared<CachingSource>(open_source_(name), cache_budget_);
    return source;
  }

  /// The manifest at the first candidate that has it.
  RawManifest locate(const Wanted& wanted, std::shared_ptr<CachingSource>& source) {
    std::exception_ptr refusal;
    for (const RepositoryName& candidate : wanted.candidates) {
      source = this->source(candidate);
      try {
        if (auto raw = source->manifest(wanted.reference.selector())) return *std::move(raw);
      } catch (const Error& error) {
        const bool may_not = error.code() == ErrorCode::Unauthorized || error.code() == ErrorCode::Denied;
        if (!may_not) throw;
        refusal = std::current_exception();
      }
      context_.progress->debug(text::cat(to_string(wanted.reference), " is not in ", to_string(candidate)));
    }
    if (refusal) std::rethrow_exception(refusal);
    throw Error(ErrorCode::NotFound, text::cat(to_string(wanted.reference), ": not found"));
  }

  Found find(const Wanted& wanted) {
    try {
      Found found;
      const RawManifest raw = locate(wanted, found.source);
      found.image.reference = {wanted.reference.name, std::nullopt, raw.descriptor.digest};
      found.image.is_bundle = is_bundle(*found.source, raw, context_.stop);
      if (wanted.root != nullptr) {
        found.image.is_root = true;
        found.image.tag = wanted.root->tag;
        check_kind(*wanted.root, found);
      }
      found.tree = fetch_tree(*found.source, raw);
      if (found.image.is_bundle) open_bundle(found, raw);
      return found;
    } catch (Error& error) {
      error.while_doing(text::cat("reading ", to_string(wanted.reference)));
      throw;
    }
  }

  void open_bundle(Found& found, const RawManifest& raw) {
    found.image.lock = read_images_lock(*found.source, raw, context_.stop);
    const Reference at{*found.source->home(), std::nullopt, raw.descriptor.digest};
    const auto locations = find_locations(*found.source, at, found.image.lock, *context_.progress, context_.stop);
    std::map<Digest, RepositoryName> placed;
    if (locations) {
      for (const LocationEntry& entry : locations->entries) {
        placed.emplace(*entry.image.digest,
                       RepositoryName{at.name.registry, entry.repository.value_or(at.name.repository)});
      }
    }
    for (const ImageRef& ref : found.image.lock.images) {
      Wanted wanted{.reference = ref.image, .candidates = {}};
      if (const auto place = placed.find(*ref.image.digest); place != placed.end()) {
        wanted.candidates.push_back(place->second);
      }
      for (const RepositoryName& name : {at.name, ref.image.name}) {
        if (std::ranges::find(wanted.candidates, name) == wanted.candidates.end()) wanted.candidates.push_back(name);
      }
      found.next.push_back(std::move(wanted));
    }
  }

  void throw_failures() const {
    if (failures_.empty()) return;
    if (failures_.size() == 1) std::rethrow_exception(failures_.front());
    std::vector<std::string> lines;
    std::set<ErrorCode> codes;
    for (const auto& failure : failures_) {
      try {
        std::rethrow_exception(failure);
      } catch (const Error& error) {
        codes.insert(error.code());
        lines.push_back(error.context().empty() ? error.message()
                                                : text::cat(error.context().back(), ": ", error.message()));
      }
    }
    const bool all_missing = codes == std::set{ErrorCode::NotFound};
    throw Error(all_missing ? ErrorCode::Incomplete : *codes.rbegin(),
                text::cat(lines.size(), " images cannot be read:\n  - ", text::join(lines, "\n  - ")))
        .hint("all other images were looked at and are there; nothing was written");
  }

  OpenSource open_source_;
  const Context& context_;
  std::mutex mutex_;
  std::map<RepositoryName, std::shared_ptr<CachingSource>> sources_;
  std::shared_ptr<CacheBudget> cache_budget_ = std::make_shared<CacheBudget>(kCacheBytes);
  Graph graph_;
  std::map<Digest, SetImage> images_;
  std::set<Digest> asked_;
  std::map<Digest, Reference> names_;  ///< of what lock files list
  std::vector<std::exception_ptr> failures_;
};

Root bundle_lock_root(const BundleLock& lock) { return {.reference = lock.image, .tag = lock.tag}; }

std::vector<Root> read_lock_file(const std::string& path) {
  const std::string yaml = read_file(path, limits::kYamlBytes);
  try {
    return {bundle_lock_root(BundleLock::parse(yaml))};
  } catch (const Error&) {
    // Not a BundleLock; what is wrong is best told by reading it as the other kind.
  }
  try {
    std::vector<Root> roots;
    for (const ImageRef& ref : ImagesLock::parse(yaml).images) {
      roots.push_back({.reference = ref.image, .from_images_lock = true, .kind = SourceArgument::Kind::Image});
    }
    if (roots.empty()) throw Error(ErrorCode::Usage, "it lists no images");
    return roots;
  } catch (Error& error) {
    error.while_doing(text::cat("reading the lock file ", path));
    throw;
  }
}

}  // namespace

std::vector<Root> read_sources(const std::vector<SourceArgument>& sources) {
  std::vector<Root> roots;
  for (const SourceArgument& source : sources) {
    if (source.kind == SourceArgument::Kind::Lock) {
      std::ranges::move(read_lock_file(source.value), std::back_inserter(roots));
      continue;
    }
    Root root{.reference = Reference::parse(source.value), .kind = source.kind};
    if (root.reference.digest) {
      root.reference.tag.reset();
    } else {
      root.tag = root.reference.selector();
    }
    roots.push_back(std::move(root));
  }
  return roots;
}

ImageSet discover(const std::vector<Root>& roots, const OpenSource& open_source, const Context& context) {
  context.progress->phase("looking for images", 0);
  return Discovery(open_source, context).run(roots);
}

}  // namespace ociferry

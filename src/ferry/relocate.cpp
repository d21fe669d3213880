#include "ferry/relocate.hpp"

#include <algorithm>
#include <atomic>
#include <set>

#include "base/text.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/attachments.hpp"
#include "ociferry/error.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/memory_blobs.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// The locations image that a bundle gets at the destination.
struct PlannedLocations {
  Digest bundle;
  LocationsImage image;
};

/// A manifest and the tag or digest it is put under.
struct PlannedManifest {
  const RawManifest* raw;
  std::string selector;
};

/// What a tag that is already right at the destination proves.
enum class Trust {
  Tags,     ///< that everything below it is there, since tags are written last
  Nothing,  ///< nothing: the destination may have lost blobs since
};

class Relocation {
 public:
  Relocation(const ImageSet& set, const Destination& to, bool root_tags, Trust trust, const Context& context)
      : set_(set), to_(to), root_tags_(root_tags), trust_(trust), context_(context) {
    for (const SetImage& image : set_.images()) {
      ++report_.images;
      if (image.is_bundle) ++report_.bundles;
      if (image.is_referrer) ++report_.referrers;
      if (image.is_root) add_root_places(image);
    }
    plan_locations();
  }

  TransferReport run() {
    context_.progress->event(text::cat("importing ", set_.images().size(), " images..."));
    context_.progress->phase("asking the destination what it has", 0);
    if (trust_ == Trust::Tags && all_is_there()) {
      report_.blobs_existed = set_.graph().blobs().size();
      context_.progress->event("Tagging images");
      return report_;
    }
    const std::vector<const SetImage*> missing = missing_images();
    put_blobs(missing);
    context_.progress->phase("writing manifests", 0);
    put_images(missing);
    put_tags(Tags::Attaching);
    check_attached_at(set_, to_.name, to_.target, to_.resolver, context_);
    put_locations();
    context_.progress->event("Tagging images");
    put_tags(Tags::Roots);
    report_.manifests_written = manifests_written_;
    return report_;
  }

 private:
  void add_root_places(const SetImage& root) {
    const auto tags = tags_to_put(root, root_tags_);
    if (tags.empty()) report_.roots.push_back({to_.name, std::nullopt, root.digest()});
    for (const std::string& tag : tags) report_.roots.push_back({to_.name, tag, std::nullopt});
  }

  /// Inner bundles come first, so that whoever sees the outer one's locations can rely on theirs.
  void plan_locations() {
    std::map<Digest, const SetImage*> bundles;
    for (const SetImage& image : set_.images()) {
      if (image.is_bundle) bundles.emplace(image.digest(), &image);
    }
    std::set<Digest> seen;
    const auto visit = [&](const auto& self, const Digest& digest) -> void {
      const auto bundle = bundles.find(digest);
      if (bundle == bundles.end() || !seen.insert(digest).second) return;
      for (const ImageRef& ref : bundle->second->lock.images) self(self, *ref.image.digest);
      locations_.push_back({digest, make_locations_image(locations_of(set_, *bundle->second, to_.name.repository))});
    };
    for (const auto& [digest, bundle] : bundles) visit(visit, digest);
  }

  bool has(const std::string& selector, const Digest& digest) const { return to_.target.resolve(selector) == digest; }

  /// Tags and locations images are written last: where they are right, so is everything below them. What is attached
  /// to an image may be newer than these, so it is asked for by itself.
  bool all_is_there() const {
    std::vector<std::pair<std::string, Digest>> marks;
    for (const SetImage& image : set_.images()) {
      if (!image.is_root && !image.is_referrer) continue;
      const auto tags = tags_to_put(image, root_tags_);
      if (tags.empty()) marks.emplace_back(image_tag(image.digest()), image.digest());
      for (const std::string& tag : tags) marks.emplace_back(tag, image.digest());
    }
    for (const PlannedLocations& planned : locations_) {
      marks.emplace_back(locations_tag(planned.bundle), planned.image.manifest.descriptor.digest);
    }
    std::atomic<bool> all{true};
    run_parallel_or_throw(context_.jobs, marks.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      if (all && !has(marks[i].first, marks[i].second)) all = false;
    });
    return all && unlisted_in(pointers()).empty();
  }

  std::vector<const SetImage*> missing_images() const {
    const auto& images = set_.images();
    std::vector<char> present(images.size(), 0);
    run_parallel_or_throw(context_.jobs, images.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      const bool there = trust_ == Trust::Tags && has(image_tag(images[i].digest()), images[i].digest());
      present[i] = there ? 1 : 0;
    });
    std::vector<const SetImage*> missing;
    std::vector<const SetImage*> there;
    for (std::size_t i = 0; i < images.size(); ++i) (present[i] == 0 ? missing : there).push_back(&images[i]);
    // An earlier run may have ended between a manifest and the list of what is attached to its subject.
    const std::set<Digest> unlisted = unlisted_in(there);
    std::ranges::copy_if(there, std::back_inserter(missing), [&](const SetImage* image) {
      const auto manifests = set_.graph().closure(image->digest());
      return std::ranges::any_of(manifests, [&](const Digest& digest) { return unlisted.contains(digest); });
    });
    return missing;
  }

  std::vector<const SetImage*> pointers() const {
    std::vector<const SetImage*> all;
    for (const SetImage& image : set_.images()) all.push_back(&image);
    return all;
  }

  /// What of `images` the destination does not list as attached to its subject.
  std::set<Digest> unlisted_in(const std::vector<const SetImage*>& images) const {
    std::set<Digest> manifests;
    for (const SetImage* image : images) {
      for (const Digest& digest : set_.graph().closure(image->digest())) manifests.insert(digest);
    }
    return unlisted(set_, manifests, to_.resolver, context_);
  }

  void put_blobs(const std::vector<const SetImage*>& images) {
    const Graph& graph = set_.graph();
    std::map<Digest, const Graph::BlobNode*> needed;
    for (const SetImage* image : images) {
      for (const Digest& manifest : graph.closure(image->digest())) {
        for (const Descriptor& blob : graph.blobs_of(manifest)) {
          needed.emplace(blob.digest, &graph.blobs().at(blob.digest));
        }
      }
    }
    std::vector<const Graph::BlobNode*> blobs;
    std::uint64_t bytes = 0;
    for (const auto& [digest, blob] : needed) {
      blobs.push_back(blob);
      bytes += blob->descriptor.size;
    }
    context_.progress->phase(text::cat("writing ", blobs.size(), " blobs to ", to_string(to_.name)), bytes);
    const BlobCounts counts =
        copy_blobs(std::move(blobs), to_.target, context_.jobs, *context_.progress, context_.stop);
    report_.blobs_written = counts.written;
    report_.blobs_mounted = counts.mounted;
    report_.blobs_existed = counts.existed;
    report_.bytes_written = counts.bytes_written;
  }

  /// Children before parents, bundles after plain images, and what is attached to an image after all of them.
  void put_images(const std::vector<const SetImage*>& images) {
    std::vector<const SetImage*> plain;
    std::vector<PlannedManifest> bundles;
    std::vector<const SetImage*> referrers;
    for (const SetImage* image : images) {
      if (image->is_bundle) {
        bundles.push_back({&set_.graph().at(image->digest()).raw, image_tag(image->digest())});
      } else {
        (image->is_referrer ? referrers : plain).push_back(image);
      }
    }
    std::vector<PlannedManifest> all = put_trees(plain);
    put_manifests(bundles);
    all.insert(all.end(), bundles.begin(), bundles.end());
    const auto attached = put_trees(referrers);
    all.insert(all.end(), attached.begin(), attached.end());
    read_back(all);
  }

  /// Puts images and indexes with their children, level by level. Returns what it put.
  std::vector<PlannedManifest> put_trees(const std::vector<const SetImage*>& images) {
    const Graph& graph = set_.graph();
    std::map<std::size_t, std::map<Digest, std::string>> by_height;
    for (const SetImage* image : images) {
      for (const Digest& digest : graph.closure(image->digest())) {
        by_height[graph.at(digest).height].emplace(digest, set_.contains(digest) ? image_tag(digest) : digest.text());
      }
    }
    std::vector<PlannedManifest> all;
    for (const auto& [height, manifests] : by_height) {
      std::vector<PlannedManifest> level;
      for (const auto& [digest, selector] : manifests) level.push_back({&graph.at(digest).raw, selector});
      put_manifests(level);
      all.insert(all.end(), level.begin(), level.end());
    }
    return all;
  }

  void put_manifests(const std::vector<PlannedManifest>& manifests) {
    run_parallel_or_throw(context_.jobs, manifests.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      put_manifest(*manifests[i].raw, manifests[i].selector);
    });
  }

  void put_manifest(const RawManifest& raw, const std::string& selector) {
    to_.target.put_manifest(raw, selector);
    ++manifests_written_;
  }

  /// Success is proved, not assumed: what was put is read again and compared.
  void read_back(const std::vector<PlannedManifest>& manifests) {
    run_parallel_or_throw(context_.jobs, manifests.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      const auto raw = to_.resolver.manifest(manifests[i].selector);
      if (raw && raw->descriptor.digest == manifests[i].raw->descriptor.digest) return;
      throw Error(
          ErrorCode::Unstable,
          text::cat(to_string(to_.name), " accepted the manifest ", manifests[i].raw->descriptor.digest.text(), " as ",
                    manifests[i].selector, raw ? ", but now has another one there" : ", but no longer has it"))
          .hint("check that no garbage collection or other writer is at work there, then run the same command again");
    });
  }

  void put_locations() {
    for (const PlannedLocations& planned : locations_) {
      const LocationsImage& image = planned.image;
      const std::string tag = locations_tag(planned.bundle);
      const Digest& digest = image.manifest.descriptor.digest;
      if (trust_ == Trust::Tags && has(tag, digest)) continue;
      const auto blobs = std::make_shared<MemoryBlobs>();
      blobs->add(image.config_descriptor.digest, image.config);
      blobs->add(image.layer_descriptor.digest, image.layer);
      for (const Descriptor& blob : {image.config_descriptor, image.layer_descriptor}) {
        to_.target.put_blob(blob, *blobs, silent_progress(), context_.stop);
      }
      put_manifest(image.manifest, image_tag(digest));
      put_manifest(image.manifest, tag);
      context_.progress->debug(text::cat("locations of ", planned.bundle.text(), ": ", to_string(to_.name), ":", tag));
    }
  }

  /// Signatures must be found before the images they are for; a root's own tag is the commit point.
  enum class Tags { Attaching, Roots };

  void put_tags(Tags which) {
    for (const SetImage& image : set_.images()) {
      for (const std::string& tag : tags_to_put(image, root_tags_)) {
        if (attachment_subject(tag).has_value() != (which == Tags::Attaching)) continue;
        if (context_.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
        const auto there = to_.target.resolve(tag);
        if (there == image.digest()) continue;
        if (there && which == Tags::Attaching) {
          context_.progress->warn(text::cat("replacing what is attached to an image by ", to_string(to_.name), ":", tag,
                                            ", which was ", there->text()));
        }
        put_manifest(set_.graph().at(image.digest()).raw, tag);
      }
    }
  }

  const ImageSet& set_;
  const Destination& to_;
  bool root_tags_;
  Trust trust_;
  const Context& context_;
  TransferReport report_;
  std::vector<PlannedLocations> locations_;
  std::atomic<std::size_t> manifests_written_{0};
};

}  // namespace

TransferReport relocate(const ImageSet& set, const Destination& to, const RelocateOptions& options,
                        const Context& context) {
  const bool root_tags = options.root_tags;
  check_tags(set, root_tags);
  try {
    return Relocation(set, to, root_tags, options.recheck ? Trust::Nothing : Trust::Tags, context).run();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Unstable || options.recheck) throw;
    context.progress->warn(text::cat(error.message(), "; asking ", to_string(to.name), " for every blob"));
  }
  return Relocation(set, to, root_tags, Trust::Nothing, context).run();
}

}  // namespace ociferry

#include "ferry/deliver/relocate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "ferry/deliver/lock_output.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Position of the first operation that starts with `what`, or the number of operations.
std::ptrdiff_t position(const std::vector<std::string>& operations, const std::string& what) {
  return std::ranges::find_if(operations, [&](const std::string& line) { return line.starts_with(what); }) -
         operations.begin();
}

/// A target that loses or refuses what a test wants it to.
class Unreliable : public MemoryTarget {
 public:
  using MemoryTarget::MemoryTarget;
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    if (blob.digest == refused_blob) throw Error(ErrorCode::Network, "the registry went away");
    return MemoryTarget::put_blob(blob, from, progress, stop);
  }
  std::optional<RawManifest> manifest(const std::string& selector) override {
    if (selector == lost_selector) return std::nullopt;
    return MemoryTarget::manifest(selector);
  }
  std::optional<Digest> refused_blob;
  std::string lost_selector;
};

/// A registry whose garbage collection took a blob that a tag still needs.
class CollectedRegistry : public MemoryTarget {
 public:
  void lose_quietly() { lost_ = true; }
  void lose() {
    lost_ = true;
    refuse_manifests_ = true;
  }
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    if (!lost_ || blob.digest != forgotten) return MemoryTarget::put_blob(blob, from, progress, stop);
    lost_ = refuse_manifests_ = false;
    return BlobOutcome::Written;
  }
  std::optional<Digest> resolve(const std::string& selector) override {
    // The roots' tags went with the blob; those of the images are still there.
    if (refuse_manifests_ && (selector == "v1" || selector.find("locations") != std::string::npos)) return std::nullopt;
    return MemoryTarget::resolve(selector);
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    if (refuse_manifests_) throw Error(ErrorCode::Unstable, "MANIFEST_BLOB_UNKNOWN");
    MemoryTarget::put_manifest(manifest, selector);
  }
  std::optional<Digest> forgotten;

 private:
  std::atomic<bool> lost_{false};
  std::atomic<bool> refuse_manifests_{false};
};

}  // namespace

TEST_CASE("the order is blobs, images and bundles, locations from the innermost bundle on, the root's tag") {
  NestedSample sample;
  MemoryTarget target;
  const TransferReport report = put_inside(target, sample.set);
  const auto operations = target.operations();
  const auto image = position(operations, "tag " + image_tag(*sample.image.digest));
  const auto inner = position(operations, "tag " + image_tag(*sample.inner.digest));
  const auto inner_locations = position(operations, "tag " + locations_tag(*sample.inner.digest));
  const auto outer_locations = position(operations, "tag " + locations_tag(*sample.outer.digest));
  const auto root = position(operations, "tag v1");
  for (const Descriptor& blob : sample.set.graph().blobs_of(*sample.outer.digest)) {
    CHECK(position(operations, "blob " + blob.digest.text()) < image);
  }
  CHECK(image < inner_locations);
  CHECK(inner < inner_locations);
  CHECK(inner_locations < outer_locations);
  CHECK(outer_locations < root);
  CHECK(root == std::ssize(operations) - 1);
  CHECK(report.images == 3);
  CHECK(report.bundles == 2);
  REQUIRE(report.roots.size() == 1);
  CHECK(report.roots[0].from == Reference{sample.outer.name, "v1", sample.outer.digest});
  CHECK(report.roots[0].to.tag == "v1");
  CHECK(report.roots[0].to.digest == sample.outer.digest);
}

TEST_CASE("a second run writes nothing") {
  NestedSample sample;
  MemoryTarget target;
  put_inside(target, sample.set);
  const auto before = target.operations();
  const TransferReport report = put_inside(target, sample.set);
  CHECK(target.operations() == before);
  CHECK(report.manifests_written == 0);
  CHECK(report.blobs_written == 0);
}

TEST_CASE("an interrupted run is resumed, and writes only what is missing") {
  NestedSample sample;
  Unreliable target;
  const Digest last = sample.set.graph().blobs_of(*sample.outer.digest).back().digest;
  target.refused_blob = last;
  CHECK_THROWS_AS(put_inside(target, sample.set), Error);
  CHECK(target.tags().empty());
  CHECK(target.manifest_count() == 0);
  target.refused_blob.reset();
  const std::size_t there = static_cast<std::size_t>(
      std::ranges::count_if(sample.set.graph().blobs(), [&](const auto& blob) { return target.has_blob(blob.first); }));
  const TransferReport report = put_inside(target, sample.set);
  CHECK(report.blobs_existed == there);
  CHECK(target.tags().contains("v1"));
}

TEST_CASE("a destination that loses what it accepted gets no locations and no tag") {
  NestedSample sample;
  Unreliable target;
  target.lost_selector = image_tag(*sample.image.digest);
  try {
    put_inside(target, sample.set);
    FAIL("the destination lost an image");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Unstable);
  }
  CHECK_FALSE(target.tags().contains("v1"));
  CHECK_FALSE(target.tags().contains(locations_tag(*sample.inner.digest)));
}

TEST_CASE("the same command repairs a destination that lost a blob below a tag") {
  NestedSample sample;
  CollectedRegistry target;
  target.forgotten = sample.set.graph().blobs_of(*sample.image.digest).back().digest;
  put_inside(target, sample.set);
  target.lose();
  const TransferReport report = put_inside(target, sample.set);
  CHECK(target.has_blob(*target.forgotten));
  CHECK(report.blobs_written >= 1);
}

TEST_CASE("a recheck asks for every blob although all tags are right") {
  NestedSample sample;
  CollectedRegistry target;
  target.forgotten = sample.set.graph().blobs_of(*sample.image.digest).back().digest;
  put_inside(target, sample.set);
  target.lose_quietly();
  CHECK(put_inside(target, sample.set).blobs_written == 0);
  const TransferReport report = relocate_to(target, sample.set, {.to = kInside, .recheck = true}, {.jobs = 3});
  CHECK(report.blobs_written == 1);
}

TEST_CASE("a tag that points elsewhere is moved after everything else is written") {
  NestedSample sample;
  MemoryTarget target;
  put_inside(target, sample.set);
  SampleWorld other;
  const Reference newer = other.bundle("r.example/outer", {});
  const ImageSet set = discover({root_of(newer, SourceArgument::Kind::Bundle, "v1")}, other.opener(), {}, {});
  put_inside(target, set);
  CHECK(target.tags().at("v1") == *newer.digest);
  put_inside(target, sample.set);
  CHECK(target.tags().at("v1") == *sample.outer.digest);
}

TEST_CASE("two roots with one tag are refused before anything is written") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference b = world.image("r.example/apps/b", "b");
  const auto image = SourceArgument::Kind::Image;
  const ImageSet set = discover({root_of(a, image, "v1"), root_of(b, image, "v1")}, world.opener(), {}, {});
  MemoryTarget target;
  CHECK_THROWS_AS(put_inside(target, set), Error);
  CHECK(target.operations().empty());
  put_inside(target, set, {.root_tags = false});
  CHECK(target.tags().size() == 2);
}

TEST_CASE("the lock file names the new place: a BundleLock for a bundle, an ImagesLock for images") {
  NestedSample sample;
  const std::string bundle = relocated_lock({sample.set, everything_to(kInside), true}, std::nullopt);
  CHECK(bundle.find("image: inside.example/my/apps@" + sample.outer.digest->text()) != std::string::npos);
  CHECK(bundle.find("tag: v1") != std::string::npos);
  CHECK(relocated_lock({sample.set, everything_to(kInside), false}, std::nullopt).find("tag") == std::string::npos);

  const auto image = SourceArgument::Kind::Image;
  const ImageSet plain = discover({root_of(sample.image, image, "v1")}, sample.world.opener(), {}, {});
  CHECK(relocated_lock({plain, everything_to(kInside), true}, std::nullopt).find("kind: ImagesLock") !=
        std::string::npos);
  const ImageSet both = discover({root_of(sample.outer), root_of(sample.inner)}, sample.world.opener(), {}, {});
  CHECK_THROWS_AS(static_cast<void>(relocated_lock({both, everything_to(kInside), true}, std::nullopt)), Error);
}

TEST_CASE("attached artifacts are put after their image, and before any locations image") {
  NestedSample sample;
  const Reference signature = sample.world.image("r.example/apps/a", "signature");
  std::vector<SetImage> images = sample.set.images();
  const std::string tag = attachment_tag(*sample.image.digest, "sig");
  images.push_back({.reference = signature, .tags = {tag}, .is_referrer = true});
  Graph graph = sample.set.graph();
  const auto source = sample.world.repository("r.example/apps/a");
  graph.add(fetch_tree(*source, source->manifest(signature.digest->text()).value()), source);
  const ImageSet with_signature(std::move(images), std::move(graph));

  MemoryTarget target;
  const TransferReport report = put_inside(target, with_signature);
  CHECK(report.referrers == 1);
  const auto operations = target.operations();
  CHECK(position(operations, "tag " + image_tag(*sample.outer.digest)) <
        position(operations, "tag " + image_tag(*signature.digest)));
  CHECK(position(operations, "tag " + tag) < position(operations, "tag " + locations_tag(*sample.inner.digest)));

  // A signature that came later is written, although the tags of what it is for are right.
  MemoryTarget without;
  put_inside(without, sample.set);
  CHECK(put_inside(without, with_signature).manifests_written == 2);
}

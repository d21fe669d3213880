#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "base/text.hpp"
#include "ferry/deliver/relocate.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "stream/sha256.hpp"

// Which tags a relocation puts, and what it makes of a destination that does not take or keep them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A repository that does not let tags be moved, or loses them.
class Stubborn : public MemoryTarget {
 public:
  Stubborn() : MemoryTarget(kInside) {}
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    if (!Digest::try_parse(selector)) {
      ++tags_put;
      const auto there = MemoryTarget::resolve(selector);
      if (immutable && there && *there != manifest.descriptor.digest) {
        throw Error(ErrorCode::Refused, text::cat("the tag ", selector, " cannot be moved"));
      }
      if (forgotten == selector) return;
      if (selector == "v1" && losses-- > 0) throw Error(ErrorCode::Unstable, "MANIFEST_BLOB_UNKNOWN");
    }
    MemoryTarget::put_manifest(manifest, selector);
  }
  bool immutable = true;
  std::string forgotten;
  int losses = 0;  ///< how often a blob turns out to be lost when the root's tag is put
  std::atomic<int> tags_put = 0;
};

struct TaggedSample : NestedSample {
  Warnings warnings;

  TransferReport put(MemoryTarget& target, RelocateOptions options = {}) {
    options.to = kInside;
    return relocate_to(target, set, options, {.registry = {.retry_delay = {}}, .jobs = 3, .progress = &warnings});
  }
  [[nodiscard]] ErrorCode failure(MemoryTarget& target, const RelocateOptions& options = {}) {
    try {
      put(target, options);
    } catch (const Error& error) {
      return error.code();
    }
    FAIL("did not fail");
    return {};
  }
  /// Puts another bundle's image, or one made of `locations`, under a tag of the destination.
  void occupy(MemoryTarget& target, const std::string& tag, const std::string& locations = "other") {
    const Reference dummy = world.bundle("o.example/other", {});
    world.locations(dummy, locations);
    const auto source = world.repository("o.example/other");
    const RawManifest raw = source->manifest(locations_tag(*dummy.digest)).value();
    const auto manifest = std::get<Manifest>(parse_manifest(raw.bytes, raw.descriptor.media_type));
    for (const Descriptor& blob : {manifest.config.value(), manifest.layers.front()}) {
      static_cast<void>(target.put_blob(blob, *source, silent_progress(), {}));
    }
    target.MemoryTarget::put_manifest(raw, tag);
  }
};

}  // namespace

TEST_CASE("with repository tags, images get these, and locations and roots their usual tags") {
  TaggedSample sample;
  MemoryTarget target(kInside);
  sample.put(target, {.repository_tags = true});
  std::set<std::string> tags;
  for (const auto& [tag, digest] : target.tags()) tags.insert(tag);
  for (const Reference& image : {sample.image, sample.inner, sample.outer}) {
    CHECK(tags.contains(repository_tag(image)));
    CHECK_FALSE(tags.contains(image_tag(*image.digest)));
  }
  CHECK(tags.contains("v1"));
  for (const Reference& bundle : {sample.inner, sample.outer}) {
    REQUIRE(tags.contains(locations_tag(*bundle.digest)));
    CHECK(tags.contains(image_tag(target.tags().at(locations_tag(*bundle.digest)))));
  }
  const auto before = target.operations();
  CHECK(sample.put(target, {.repository_tags = true}).manifests_written == 0);
  CHECK(target.operations() == before);
}

TEST_CASE("bundles that list the same images share a locations image, whose own tag is put once") {
  SampleWorld world;
  const Reference image = world.image("r.example/apps/a", "a");
  const Reference one = world.bundle("r.example/bundles", {image}, "one");
  const Reference two = world.bundle("r.example/bundles", {image}, "two");
  const ImageSet set = discover({root_of(one), root_of(two)}, world.opener(), {}, {});
  MemoryTarget target(kInside);
  const RelocateOptions options{.to = kInside};
  CHECK(relocate_to(target, set, options, {.jobs = 3}).bundles == 2);
  const auto tags = target.tags();
  const Digest locations = tags.at(locations_tag(*one.digest));
  CHECK(tags.at(locations_tag(*two.digest)) == locations);
  CHECK(std::ranges::count(target.operations(), "tag " + image_tag(locations) + " " + locations.text()) == 1);
  const auto before = target.operations();
  CHECK(relocate_to(target, set, options, {.jobs = 3}).manifests_written == 0);
  CHECK(target.operations() == before);
}

TEST_CASE("repository tags are added where everything exists under imgpkg's tags") {
  TaggedSample sample;
  MemoryTarget target(kInside);
  sample.put(target);
  const TransferReport report = sample.put(target, {.repository_tags = true});
  CHECK(report.manifests_written == 3);
  CHECK(report.blobs_written == 0);
  CHECK(target.tags().contains(repository_tag(sample.inner)));
}

TEST_CASE("imgpkg's tags are added where everything exists under repository tags") {
  TaggedSample sample;
  MemoryTarget target(kInside);
  sample.put(target, {.repository_tags = true});
  CHECK(sample.put(target).manifests_written == 3);
  for (const Reference& image : {sample.image, sample.inner, sample.outer}) {
    CHECK(target.tags().contains(image_tag(*image.digest)));
  }
}

TEST_CASE("tags made of digests are written anew, whatever tags the roots were requested by") {
  SetImage root{.reference = TaggedSample().image, .is_root = true};
  const Digest digest = root.digest();
  root.tags = {"v1", image_tag(digest), locations_tag(digest), attachment_tag(digest, "sig")};
  CHECK(tags_to_put(root, true) == std::set<std::string>{"v1", attachment_tag(digest, "sig")});
  CHECK(tags_to_put(root, false) == std::set<std::string>{attachment_tag(digest, "sig")});
}

TEST_CASE("a recheck asks for blobs, and puts no tags that are right") {
  TaggedSample sample;
  Stubborn target;
  sample.put(target);
  target.tags_put = 0;
  const TransferReport report = sample.put(target, {.recheck = true});
  CHECK(target.tags_put.load() == 0);
  CHECK(report.manifests_written == 0);
  CHECK(report.blobs_existed == sample.set.graph().blobs().size());
}

TEST_CASE("every tag that the destination does not keep is found") {
  for (const std::string which : {"root", "locations", "image"}) {
    CAPTURE(which);
    TaggedSample sample;
    Stubborn target;
    target.forgotten = which == "root"        ? "v1"
                       : which == "locations" ? locations_tag(*sample.inner.digest)
                                              : image_tag(*sample.inner.digest);
    CHECK(sample.failure(target) == ErrorCode::Unstable);
    CHECK(sample.warnings.lines.size() == 2);  // it was asked for every blob, twice
    CHECK_FALSE(target.tags().contains("v1"));
  }
}

TEST_CASE("in each round a destination that loses blobs is asked for all of them") {
  for (const int losses : {1, 2, 3}) {
    CAPTURE(losses);
    TaggedSample sample;
    Stubborn target;
    target.losses = losses;
    if (losses == 3) {
      CHECK(sample.failure(target) == ErrorCode::Unstable);
    } else {
      sample.put(target);
      CHECK(target.tags().contains("v1"));
    }
    CHECK(sample.warnings.lines.size() == static_cast<std::size_t>(std::min(losses, 2)));
  }
}

TEST_CASE("every moved tag is reported once, with its old digest") {
  TaggedSample sample;
  Stubborn target;
  target.immutable = false;
  const std::vector<std::string> tags = {"v1", locations_tag(*sample.inner.digest), image_tag(*sample.image.digest)};
  for (const std::string& tag : tags) sample.occupy(target, tag);
  const Digest other = target.tags().at("v1");
  sample.put(target);
  REQUIRE(sample.warnings.moves.size() == tags.size());
  for (const std::string& tag : tags) {
    CAPTURE(tag);
    const auto move = std::ranges::find(sample.warnings.moves, std::optional(tag),
                                        [](const MovedTag& moved) { return moved.tag.tag; });
    REQUIRE(move != sample.warnings.moves.end());
    CHECK(move->tag.name == kInside);
    CHECK(move->from == other);
    CHECK(move->to == target.tags().at(tag));
  }
  sample.put(target);
  CHECK(sample.warnings.moves.size() == tags.size());
  CHECK(sample.warnings.lines.empty());
}

TEST_CASE("--keep-tags refuses to move any tag, before anything is written") {
  for (const std::string which : {"root", "locations", "image"}) {
    CAPTURE(which);
    TaggedSample sample;
    Stubborn target;
    target.immutable = false;
    sample.occupy(target, which == "root"        ? "v1"
                          : which == "locations" ? locations_tag(*sample.inner.digest)
                                                 : image_tag(*sample.image.digest));
    const auto written = [&] {
      return std::ranges::count_if(target.operations(), [](const std::string& operation) {
        return !operation.starts_with("get ") && !operation.starts_with("open ");
      });
    };
    const auto before = written();
    CHECK(sample.failure(target, {.keep_tags = true}) == ErrorCode::Refused);
    CHECK(written() == before);
    CHECK(sample.warnings.moves.empty());
  }
  TaggedSample sample;
  MemoryTarget target(kInside);
  sample.put(target, {.keep_tags = true});
  CHECK(target.tags().contains("v1"));
  CHECK(sample.put(target, {.keep_tags = true}).manifests_written == 0);
}

TEST_CASE("--keep-tags leaves locations that list the bundle's images, with a warning") {
  TaggedSample sample;
  MemoryTarget target(kInside);
  const std::string tag = locations_tag(*sample.inner.digest);
  sample.occupy(target, tag,
                text::cat("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages:\n- image: ",
                          to_string(sample.image), "\n  bundle: false\n"));
  const Digest before = target.tags().at(tag);
  sample.put(target, {.keep_tags = true});
  CHECK(target.tags().at(tag) == before);
  CHECK(target.tags().contains("v1"));
  CHECK(sample.warnings.lines.size() == 1);
}

TEST_CASE("without the roots' tags, each root's name is reported with the tag that replaces it") {
  TaggedSample sample;
  sample.set = discover(
      {root_of(sample.outer, SourceArgument::Kind::Bundle, "a"),
       root_of(sample.outer, SourceArgument::Kind::Bundle, "z"), root_of(sample.image, SourceArgument::Kind::Image)},
      sample.world.opener(), {}, {});
  MemoryTarget target(kInside);
  const auto roots = sample.put(target, {.root_tags = false, .repository_tags = true}).roots;
  REQUIRE(roots.size() == 3);
  for (const PlacedImage& root : roots) {
    CHECK(root.to.name == kInside);
    CHECK(root.to.tag == repository_tag({root.from.name, std::nullopt, root.from.digest}));
    CHECK(target.tags().at(*root.to.tag) == root.to.digest);
  }
  CHECK(std::ranges::count(roots, sample.outer.name, [](const PlacedImage& root) { return root.from.name; }) == 2);
}

TEST_CASE("an immutable tag that points elsewhere is refused before any new tag of its kind is made") {
  TaggedSample sample;
  sample.set = discover({root_of(sample.outer, SourceArgument::Kind::Bundle, "a"),
                         root_of(sample.outer, SourceArgument::Kind::Bundle, "z")},
                        sample.world.opener(), {}, {});
  Stubborn target;
  sample.occupy(target, "z");
  CHECK(sample.failure(target) == ErrorCode::Refused);
  CHECK_FALSE(target.tags().contains("a"));
  CHECK(target.tags().contains(locations_tag(*sample.outer.digest)));
}

TEST_CASE("immutable locations are accepted if they list the bundle's images") {
  TaggedSample sample;
  const std::string listed = text::cat(
      "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages:\n- image: ", to_string(sample.image),
      "\n  bundle: false\n");
  Stubborn target;
  sample.occupy(target, locations_tag(*sample.inner.digest), listed);
  const auto before = target.tags();
  sample.put(target);
  CHECK(target.tags().at(locations_tag(*sample.inner.digest)) == before.at(locations_tag(*sample.inner.digest)));
  CHECK(target.tags().contains("v1"));
  REQUIRE(sample.warnings.lines.size() == 1);
  CHECK(sample.warnings.lines[0].find("cannot be moved") != std::string::npos);

  Stubborn movable;
  movable.immutable = false;
  sample.occupy(movable, locations_tag(*sample.inner.digest), listed);
  sample.put(movable);
  CHECK(movable.tags().at(locations_tag(*sample.inner.digest)) != before.at(locations_tag(*sample.inner.digest)));
}

TEST_CASE("immutable locations that do not match fail the copy before the root's tag") {
  TaggedSample sample;
  Stubborn target;
  sample.occupy(target, locations_tag(*sample.inner.digest));
  CHECK(sample.failure(target) == ErrorCode::Refused);
  CHECK_FALSE(target.tags().contains("v1"));
  CHECK_FALSE(target.tags().contains(locations_tag(*sample.outer.digest)));
}

TEST_CASE("a destination whose tags are right is still asked for layers that an earlier copy may have left out") {
  SampleWorld world;
  const auto source = world.repository("r.example/windows");
  const Descriptor config = source->add_blob("{}", std::string(media_type::kOciConfig));
  const Descriptor layer = source->add_blob("foreign", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
  const auto row = [](const Descriptor& blob) {
    return text::cat(R"({"mediaType":")", blob.media_type, R"(","digest":")", blob.digest.text(), R"(","size":)",
                     blob.size, "}");
  };
  const std::string bytes = text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest, R"(","config":)",
                                      row(config), R"(,"layers":[)", row(layer), "]}");
  const RawManifest raw{{std::string(media_type::kOciManifest), sha256(bytes), bytes.size()}, bytes};
  source->put_manifest(raw, "v1");
  const Reference image{parse_repository("r.example/windows"), std::nullopt, raw.descriptor.digest};
  const auto find = [&](bool all) {
    return discover({root_of(image, SourceArgument::Kind::Image, "v1")}, world.opener(),
                    {.nondistributable_layers = all}, {});
  };
  MemoryTarget target(kInside);
  relocate_to(target, find(false), {.to = kInside}, {});
  CHECK_FALSE(target.has_blob(layer.digest));
  const TransferReport report = relocate_to(target, find(true), {.to = kInside}, {});
  CHECK(target.has_blob(layer.digest));
  CHECK(report.blobs_written == 1);
  CHECK(report.manifests_written == 0);

  Warnings warnings;
  warn_of_nondistributable_layers(find(false), false, warnings);
  warn_of_nondistributable_layers(find(true), true, warnings);
  REQUIRE(warnings.lines.size() == 1);
  CHECK(warnings.lines[0] ==
        "Skipped the followings layer(s) due to it being non-distributable. If you would like to include "
        "non-distributable layers, use the --include-non-distributable-layers flag\n  - Image: " +
            to_string(image) + ", Layers: " + layer.digest.text());
}

TEST_CASE("a warning says that no foreign layers exist only if they were requested") {
  TaggedSample sample;
  warn_of_nondistributable_layers(sample.set, false, sample.warnings);
  CHECK(sample.warnings.lines.empty());
  warn_of_nondistributable_layers(sample.set, true, sample.warnings);
  CHECK(sample.warnings.lines ==
        std::vector<std::string>{"'--include-non-distributable-layers' flag provided, but no images contained a "
                                 "non-distributable layer."});
}

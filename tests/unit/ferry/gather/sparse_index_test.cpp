#include <doctest/doctest.h>

#include <algorithm>

#include "ferry/deliver/relocate.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/write/write_archive.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "support/temp.hpp"
#include "transfer/caching_source.hpp"

// Indexes of which only a part is there, and destinations that take no such index, as MemoryTarget does not.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A place that lacks one manifest.
class Without : public CachingSource {
 public:
  Without(std::shared_ptr<ImageSource> inner, Digest absent)
      : CachingSource(std::move(inner), std::make_shared<CacheBudget>(0)), absent_(std::move(absent)) {}
  std::optional<RawManifest> manifest(const std::string& selector) override {
    return selector == absent_.text() ? std::nullopt : CachingSource::manifest(selector);
  }

 private:
  Digest absent_;
};

/// A registry that says it no longer has a manifest it has just accepted.
class Forgets : public MemoryTarget {
 public:
  explicit Forgets(Digest digest) : digest_(std::move(digest)) {}
  std::optional<Digest> resolve(const std::string& selector) override {
    return selector == digest_.text() ? std::nullopt : MemoryTarget::resolve(selector);
  }

 private:
  Digest digest_;
};

struct SparseSample {
  SampleWorld world = {};
  Reference here = world.image(kApps, "here");
  Reference away = world.image(kApps, "away");
  Reference index = world.index(kApps, {here, away});
  Warnings warnings = {};

  [[nodiscard]] ImageSet gather(const Root& root) {
    const OpenSource all = world.opener();
    const OpenSource open = [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      return std::make_shared<Without>(all(name), *away.digest);
    };
    return discover({root}, open, {}, {.progress = &warnings});
  }

  TransferReport put(const ImageSet& set, MemoryTarget& target) {
    return relocate_to(target, set, {.to = kInside},
                       {.registry = {.retry_delay = {}}, .jobs = 2, .progress = &warnings});
  }

  [[nodiscard]] bool told(const std::string& words) const {
    return std::ranges::any_of(warnings.lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
  }
};

Root image_root(const Reference& image) { return root_of(image, SourceArgument::Kind::Image, "v1"); }

}  // namespace

TEST_CASE("a sparse index is gathered, and its absent children are reported") {
  SparseSample sample;
  const ImageSet set = sample.gather(image_root(sample.index));
  const auto absent = absent_below(set.graph(), *sample.index.digest);
  REQUIRE(absent.size() == 1);
  CHECK(absent.front().digest == *sample.away.digest);
  CHECK(sample.told("only a part is there; absent: " + sample.away.digest->text()));
}

TEST_CASE("a destination that refuses the sparse index gets its present image at the index's tag") {
  SparseSample sample;
  MemoryTarget target;
  const TransferReport report = sample.put(sample.gather(image_root(sample.index)), target);
  CHECK(target.tags().at("v1") == *sample.here.digest);
  CHECK_FALSE(target.resolve(sample.index.digest->text()).has_value());
  CHECK(report.roots.at(0).to.tag == "v1");
  CHECK(report.roots.at(0).to.digest == sample.here.digest);
  CHECK(sample.told("is left out, because the destination refuses incomplete indexes; put instead: " +
                    sample.here.digest->text() + " with the tag v1"));
}

TEST_CASE("an index that contains a refused sparse index is left out, too") {
  SparseSample sample;
  const Reference outer = sample.world.index(kApps, {sample.index});
  MemoryTarget target;
  sample.put(sample.gather(image_root(outer)), target);
  CHECK(target.tags().at("v1") == *sample.here.digest);
  CHECK_FALSE(target.resolve(outer.digest->text()).has_value());
}

TEST_CASE("a sparse index that a bundle lists is refused, not left out") {
  SparseSample sample;
  const Reference bundle = sample.world.bundle("r.example/bundle", {sample.index});
  const ImageSet set = sample.gather(root_of(bundle, SourceArgument::Kind::Bundle, "v1"));
  MemoryTarget target;
  try {
    sample.put(set, target);
    FAIL("the bundle's lock would name what is not there");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Refused);
    CHECK(error.message().find("needs " + to_string(sample.index)) != std::string::npos);
  }
  CHECK_FALSE(target.tags().contains("v1"));
}

TEST_CASE("a destination that lost a child of the index is repaired or reported, and still gets the index") {
  SparseSample sample;
  const ImageSet set = sample.gather(image_root(sample.index));
  Forgets target(*sample.here.digest);
  try {
    sample.put(set, target);
    FAIL("the destination lost what it had accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Unstable);
  }
  CHECK_FALSE(sample.told("is left out"));
}

TEST_CASE("a left-out index may be attached to an image, and have children that are no images") {
  SparseSample sample;
  MemoryTarget& place = *sample.world.repository(kApps);
  const Descriptor thing = place.add_blob("a thing", "text/plain");
  const Reference subject = sample.world.image(kApps, "subject");
  const Reference index = sample.world.index(kApps, {sample.here, sample.away}, *subject.digest, {thing});
  MemoryTarget target;
  sample.put(sample.gather(image_root(index)), target);
  CHECK(target.tags().at("v1") == *sample.here.digest);
  CHECK(sample.told("; also left out, because they are not images: " + thing.digest.text()));
}

TEST_CASE("a nested index that is listed with an unknown type is an index in an archive, too") {
  SparseSample sample;
  const Reference empty = sample.world.index(kApps, {});
  const Reference part = sample.world.index(kApps, {sample.here, sample.away});
  std::vector<Descriptor> odd;
  for (const Reference& inner : {empty, part}) {
    odd.push_back(sample.world.repository(kApps)->manifest(inner.digest->text()).value().descriptor);
    odd.back().media_type = "text/plain";
  }
  const Reference index = sample.world.index(kApps, {sample.here}, {}, odd);
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "a.tar";
  static_cast<void>(write_archive(sample.gather(image_root(index)), path, {}));
  const ImageSet loaded = load_archive(open_image_archive(path), {});
  CHECK(loaded.graph().contains(*empty.digest));
  CHECK(loaded.graph().contains(*part.digest));
}

TEST_CASE("an index is read where its images are, if the first place has the index only") {
  SampleWorld world;
  const Reference image = world.image("far.example/apps/a", "a");
  const Reference index = world.index("far.example/apps/a", {image});
  const Reference bundle = world.bundle("near.example/bundle", {index});
  world.index("near.example/bundle", {world.image("near.example/bundle", "a")});  // the same one
  const OpenSource all = world.opener();
  const OpenSource open = [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
    if (name.registry == "far.example") return all(name);
    return std::make_shared<Without>(all(name), *image.digest);
  };
  const ImageSet set = discover({root_of(bundle)}, open, {}, {});
  CHECK(set.images().size() == 2);
  CHECK(absent_below(set.graph(), *index.digest).empty());
}

#include "ferry/deliver/relocation_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "contract/source_contract.hpp"
#include "ferry/deliver/missing.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/write/write_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "support/temp.hpp"

// The plan of a relocation is data: what each repository gets, and in which order, without any destination.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const RepositoryName kBundles{"inside.example", "my/bundles"};

struct PlannedSample : NestedSample {
  Reference signature = world.artifact("r.example/apps/a", "signed", {}, attachment_tag(*image.digest, "sig"));
  ImageSet whole = discover({root_of(outer, SourceArgument::Kind::Bundle, "v1")}, world.opener(),
                            {.referrers = Referrers::CosignSignatures}, {});
};

std::vector<std::string> selectors(const std::vector<PlannedManifest>& manifests) {
  std::vector<std::string> all;
  for (const PlannedManifest& manifest : manifests) all.push_back(manifest.selector);
  return all;
}

std::vector<std::vector<std::string>> selectors(const std::vector<PlannedStep>& steps) {
  std::vector<std::vector<std::string>> all;
  for (const PlannedStep& step : steps) all.push_back(selectors(step));
  return all;
}

std::vector<Digest> bundles_of(const std::vector<PlannedLocations>& step) {
  std::vector<Digest> all;
  for (const PlannedLocations& planned : step) all.push_back(planned.bundle->digest());
  return all;
}

/// Bundles by themselves, everything else, attachments too, beside one another.
const Placement kApart = {.rule = [](const Reference& name) {
  const bool is_image = name.name.repository.starts_with("apps/");
  return Reference{is_image ? kInside : kBundles, name.tag, std::nullopt};
}};

std::vector<RepositoryPlan> plan_of(const ImageSet& set, const Placement& placement,
                                    const RelocateOptions& options = {}) {
  return relocation_plan(PlacedSet(set, placement, options.root_tags), options);
}

std::vector<PlacedImage> names_of(const ImageSet& set, const Reference& image, const Placement& placement,
                                  const RelocateOptions& options = {}) {
  return final_names(*set.find(*image.digest), PlacedSet(set, placement, options.root_tags), options);
}

using Selectors = std::vector<std::string>;

}  // namespace

TEST_CASE("a plan of one repository lists each manifest and blob once, in the order of writing") {
  const PlannedSample sample;
  const auto plans = plan_of(sample.whole, everything_to(kInside), {});
  REQUIRE(plans.size() == 1);
  const RepositoryPlan& plan = plans.front();
  CHECK(plan.name == kInside);
  CHECK(plan.images.size() == 4);
  const Selectors images{image_tag(*sample.image.digest), image_tag(*sample.outer.digest),
                         image_tag(*sample.inner.digest)};
  CHECK((selectors(plan.steps) == std::vector<Selectors>{images, {image_tag(*sample.signature.digest)}}));
  CHECK(plan.blobs.size() == sample.whole.graph().blobs().size());
  REQUIRE(plan.locations.size() == 2);
  CHECK((bundles_of(plan.locations[0]) == std::vector{*sample.inner.digest}));
  CHECK((bundles_of(plan.locations[1]) == std::vector{*sample.outer.digest}));
  CHECK((selectors(plan.attaching_tags) == Selectors{attachment_tag(*sample.image.digest, "sig")}));
  CHECK((selectors(plan.root_tags) == Selectors{"v1"}));
  const auto names = names_of(sample.whole, sample.outer, everything_to(kInside));
  REQUIRE(names.size() == 1);
  CHECK(names.front().to == Reference{kInside, "v1", sample.outer.digest});
}

TEST_CASE("a plan has the tags that the options select") {
  const PlannedSample sample;
  const RelocateOptions options{.root_tags = false, .repository_tags = true};
  const auto plan = plan_of(sample.whole, everything_to(kInside), options);
  CHECK(plan.front().root_tags.empty());
  CHECK(plan.front().attaching_tags.size() == 1);
  const std::string kept = repository_tag({sample.outer.name, std::nullopt, sample.outer.digest});
  CHECK(plan.front().images.front().kept.selector == kept);
  CHECK(names_of(sample.whole, sample.outer, everything_to(kInside), options).front().to.tag == kept);
}

TEST_CASE("a shared child of indexes is put once") {
  SampleWorld world;
  const Reference one = world.image("r.example/apps/a", "one");
  const Reference two = world.image("r.example/apps/a", "two");
  const Reference index = world.index("r.example/apps/a", {one, two});
  const Reference signature = world.index("r.example/apps/a", {two}, *index.digest);
  const auto kind = SourceArgument::Kind::Image;
  const ImageSet set =
      discover({root_of(index, kind), root_of(one, kind)}, world.opener(), {.referrers = Referrers::All}, {});
  const auto plans = plan_of(set, everything_to(kInside), {});
  Selectors children{image_tag(*one.digest), two.digest->text()};
  if (*two.digest < *one.digest) std::ranges::reverse(children);
  CHECK((selectors(plans.front().steps) ==
         std::vector<Selectors>{children, {image_tag(*index.digest)}, {image_tag(*signature.digest)}}));
}

TEST_CASE("a plan of two repositories has the images, blobs and tags of each, and locations with their names") {
  const PlannedSample sample;
  const auto plans = plan_of(sample.whole, kApart, {});
  REQUIRE(plans.size() == 2);
  const RepositoryPlan& apps = plans[0];
  const RepositoryPlan& bundles = plans[1];
  CHECK(apps.name == kInside);
  CHECK((selectors(apps.steps) ==
         std::vector<Selectors>{{image_tag(*sample.image.digest)}, {image_tag(*sample.signature.digest)}}));
  CHECK((selectors(apps.attaching_tags) == Selectors{attachment_tag(*sample.image.digest, "sig")}));
  CHECK(apps.root_tags.empty());
  CHECK(bundles.name == kBundles);
  CHECK((selectors(bundles.steps) ==
         std::vector<Selectors>{{image_tag(*sample.outer.digest), image_tag(*sample.inner.digest)}}));
  CHECK((selectors(bundles.root_tags) == Selectors{"v1"}));
  CHECK(names_of(sample.whole, sample.outer, kApart).front().to == Reference{kBundles, "v1", sample.outer.digest});
  CHECK(apps.blobs.size() + bundles.blobs.size() == sample.whole.graph().blobs().size());
  for (const Graph::BlobNode* blob : apps.blobs) CHECK(std::ranges::find(bundles.blobs, blob) == bundles.blobs.end());

  CHECK(apps.locations.size() == bundles.locations.size());
  CHECK((bundles_of(bundles.locations[1]) == std::vector{*sample.outer.digest}));
  const Locations locations =
      PlacedSet(sample.whole, kApart, true).locations_of(*sample.whole.find(*sample.outer.digest));
  for (const LocationEntry& entry : locations.entries) {
    CHECK(entry.repository == (entry.is_bundle ? kBundles : kInside).repository);
  }
  CHECK(bundles.locations[1].front().image->layer == make_locations_image(locations).layer);
}

TEST_CASE("two repositories are relocated together, with the root's tag last") {
  const PlannedSample sample;
  MemoryTarget apps(kInside);
  MemoryTarget bundles(kBundles);
  const auto open = [&](const RepositoryName& name) -> Destination {
    MemoryTarget& target = name == kInside ? apps : bundles;
    return {name, target, target};
  };
  const TransferReport report = relocate(sample.whole, kApart, open, {}, {.jobs = 1});
  CHECK(report.images == 4);
  CHECK(report.blobs_written == sample.whole.graph().blobs().size());
  CHECK(report.manifests_written == 2 + 1 + 2 + 2 * 2 + 1);  // images, signature's tag, bundles, locations, root's tag
  CHECK(apps.manifest_count() == 2);
  CHECK(apps.tags().contains(attachment_tag(*sample.image.digest, "sig")));
  CHECK_FALSE(apps.tags().contains("v1"));
  CHECK(bundles.tags().at("v1") == *sample.outer.digest);
  CHECK(relocate(sample.whole, kApart, open, {}, {.jobs = 1}).manifests_written == 0);
  // A bundle in its own repository finds its images in theirs.
  CHECK(discover({root_of({kBundles, std::nullopt, sample.outer.digest})},
                 [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
                   REQUIRE((name == kInside || name == kBundles));
                   return {std::shared_ptr<void>(), name == kInside ? &apps : &bundles};
                 },
                 {}, {})
            .images()
            .size() == 3);
}

TEST_CASE("a bundle and its images cannot be placed in two registries") {
  const PlannedSample sample;
  const Placement placement = {.rule = [](const Reference& name) {
    const bool is_image = name.name.repository.starts_with("apps/");
    return Reference{is_image ? RepositoryName{"other.example", "my/apps"} : kInside, name.tag, std::nullopt};
  }};
  CHECK_THROWS_AS(static_cast<void>(plan_of(sample.whole, placement, {})), Error);
}

TEST_CASE("one tag may be in each of two repositories, but not twice in one") {
  SampleWorld world;
  const auto root = [&](const std::string& repository) {
    return root_of(world.image(repository, repository), SourceArgument::Kind::Image, "v1");
  };
  const ImageSet set = discover({root("r.example/apps/a"), root("r.example/apps/b")}, world.opener(), {}, {});
  const Placement as_it_was = {.rule = [](const Reference& name) { return name; }};
  CHECK_NOTHROW(PlacedSet(set, as_it_was, true));
  CHECK_THROWS_AS(PlacedSet(set, everything_to(kInside), true), Error);
  CHECK_NOTHROW(PlacedSet(set, everything_to(kInside), false));
}

TEST_CASE("blobs of an archive that may be mounted are read by the contract of a store") {
  NestedSample sample;
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "a.tar";
  static_cast<void>(write_archive(sample.set, path, {}));
  const ImageSet set = load_archive(std::make_shared<ArchiveReader>(path), {});
  const RepositoryName to{sample.outer.name.registry, "elsewhere"};
  const auto plan = plan_of(set, everything_to(to), {}).front();
  Missing all;
  for (const SetImage& image : set.images()) all.images.push_back(&image);
  bool is_mountable = false;
  for (const Graph::BlobNode& blob : missing_blobs(plan, set.graph(), all)) {
    is_mountable = is_mountable || blob.source->mountable_from();
    check_blob_source(*blob.source, blob.descriptor);
  }
  CHECK(is_mountable);
}

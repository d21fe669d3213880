#include "ferry/set/archive_contents.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/set/docker_manifest.hpp"
#include "layout/sealed/archive_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/fd.hpp"
#include "contract/source_contract.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "stream/sha256.hpp"
#include "support/index_json.hpp"
#include "transfer/blob_copy.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct ArchivedSample {
  SampleWorld world;
  Reference image = world.image("r.example/apps/a", "a");
  Reference inner = world.bundle("r.example/inner", {image});
  Reference outer = world.bundle("s.example:5000/outer", {inner, image});
  ImageSet set = discover({root_of(outer, SourceArgument::Kind::Bundle, "v1")}, world.opener(), {}, {});
  TempDirectory directory{std::filesystem::temp_directory_path(), "contents-test-"};
  std::filesystem::path path = directory.path() / "a.tar";

  void write(const std::vector<ArchiveItem>& items, const std::vector<const Graph::BlobNode*>& blobs) const {
    const std::vector<Descriptor> all = descriptors({.items = {}, .docker_manifest = {}, .blobs = blobs});
    ArchiveWriter writer(std::make_unique<PartialFile>(path), plan_archive(items, all, docker_manifest(set)));
    copy_blobs(blobs, writer, 2, silent_progress(), {});
    writer.commit();
  }

  [[nodiscard]] ErrorCode loading_fails_with() const {
    try {
      static_cast<void>(load_archive(std::make_shared<ArchiveReader>(path), {}));
    } catch (const Error& error) {
      return error.code();
    }
    FAIL("the archive was accepted");
    return {};
  }
};

}  // namespace

TEST_CASE("the sources of an archive's blobs are read by the contract of a store") {
  const ArchivedSample sample;
  const ArchiveContents contents = archive_contents(sample.set, {});
  for (const Graph::BlobNode* blob : contents.blobs) check_blob_source(*blob->source, blob->descriptor);
}

TEST_CASE("an archive of fixed content has a fixed digest") {
  const ArchivedSample sample;
  const ArchiveContents contents = archive_contents(sample.set, {});
  sample.write(contents.items, contents.blobs);
  CHECK(sha256(read_file(sample.path, 1 << 20)).text() ==
        "sha256:76c3023baa7ed5b91e247c55aeba376fdaabb61c91f46fbea43bb41820e2a14e");
}

TEST_CASE("load_archive returns the set that was written") {
  const ArchivedSample sample;
  const ArchiveContents contents = archive_contents(sample.set, {});
  sample.write(contents.items, contents.blobs);
  const ImageSet loaded = load_archive(std::make_shared<ArchiveReader>(sample.path), {});
  REQUIRE(loaded.images().size() == sample.set.images().size());
  for (std::size_t i = 0; i < loaded.images().size(); ++i) {
    CHECK(loaded.images()[i].reference == sample.set.images()[i].reference);
    CHECK(loaded.images()[i].tags == sample.set.images()[i].tags);
    CHECK(loaded.images()[i].is_bundle == sample.set.images()[i].is_bundle);
    CHECK(loaded.images()[i].lock == sample.set.images()[i].lock);
  }
  CHECK(testing::index_of(archive_contents(loaded, {}).items) == testing::index_of(contents.items));
}

TEST_CASE("metadata comes before the layers, each blob once") {
  const ArchivedSample sample;
  const ArchiveContents contents = archive_contents(sample.set, {});
  std::vector<Digest> digests;
  for (const Graph::BlobNode* blob : contents.blobs) digests.push_back(blob->descriptor.digest);
  const auto place = [&](const Digest& digest) { return std::ranges::find(digests, digest) - digests.begin(); };
  const auto& graph = sample.set.graph();
  const auto image_blobs = graph.blobs_of(*sample.image.digest);
  const auto bundle_blobs = graph.blobs_of(*sample.outer.digest);
  CHECK(place(*sample.outer.digest) < place(image_blobs[0].digest));
  CHECK(place(image_blobs[0].digest) < place(bundle_blobs[1].digest));
  CHECK(place(bundle_blobs[1].digest) < place(image_blobs[1].digest));
  std::ranges::sort(digests);
  CHECK(std::ranges::adjacent_find(digests) == digests.end());
}

TEST_CASE("blobs may lie in an order that another release chose") {
  const ArchivedSample sample;
  ArchiveContents contents = archive_contents(sample.set, {});
  std::swap(contents.blobs.front(), contents.blobs.back());
  sample.write(contents.items, contents.blobs);
  CHECK(load_archive(std::make_shared<ArchiveReader>(sample.path), {}).images().size() == 3);
}

TEST_CASE("an archive with a right seal but wrong content is refused") {
  const ArchivedSample sample;
  const ArchiveContents contents = archive_contents(sample.set, {});
  const auto without = [&](const Digest& digest) {
    auto blobs = contents.blobs;
    std::erase_if(blobs, [&](const Graph::BlobNode* blob) { return blob->descriptor.digest == digest; });
    return blobs;
  };
  const Descriptor layer = sample.set.graph().blobs_of(*sample.image.digest).back();

  SUBCASE("a layer is missing") {
    sample.write(contents.items, without(layer.digest));
    CHECK(sample.loading_fails_with() == ErrorCode::Incomplete);
  }
  SUBCASE("a manifest is missing") {
    sample.write(contents.items, without(*sample.image.digest));
    CHECK(sample.loading_fails_with() == ErrorCode::Incomplete);
  }
  SUBCASE("a locations image is missing") {
    auto items = contents.items;
    items.pop_back();
    sample.write(items, contents.blobs);
    CHECK(sample.loading_fails_with() == ErrorCode::Incomplete);
  }
  SUBCASE("it has an unreferenced blob") {
    SampleWorld other;
    const Reference extra = other.image("r.example/extra", "extra");
    const auto source = other.repository("r.example/extra");
    auto blobs = contents.blobs;
    const Graph::BlobNode stowaway{source->add_blob("stowaway", "layer"), source};
    blobs.push_back(&stowaway);
    sample.write(contents.items, blobs);
    CHECK(sample.loading_fails_with() == ErrorCode::Corrupt);
  }
  SUBCASE("a bundle is listed as an image") {
    auto items = contents.items;
    items.front().role = ArchiveRole::Image;
    sample.write(items, contents.blobs);
    CHECK(sample.loading_fails_with() == ErrorCode::Corrupt);
  }
}

TEST_CASE("images' layers in the baseline are left out, and no other blobs; the items are complete") {
  const ArchivedSample sample;
  const ArchiveContents whole = archive_contents(sample.set, {});
  Baseline baseline;
  for (const Descriptor& blob : descriptors(whole)) baseline.blobs.emplace(blob.digest, HeldBlob{.size = blob.size});
  const ArchiveContents rest = archive_contents(sample.set, baseline);
  const Descriptor layer = sample.set.graph().blobs_of(*sample.image.digest).back();
  const auto has_layer = [&](const std::vector<Descriptor>& blobs) {
    return std::ranges::find(blobs, layer.digest, &Descriptor::digest) != blobs.end();
  };
  CHECK(has_layer(descriptors(whole)));
  CHECK_FALSE(has_layer(descriptors(rest)));
  CHECK(whole.blobs.size() == rest.blobs.size() + rest.left_out.size());
  // Manifests, configurations, bundles and locations are there.
  for (const LeftOutBlob& one : rest.left_out) CHECK(separable_layers(sample.set).contains(one.blob.digest));
  CHECK(testing::index_of(rest.items) == testing::index_of(whole.items));
  const ArchivePlan plan = plan_of(rest, sample.set);
  REQUIRE(plan.delta);
  CHECK(plan.delta->full_fingerprint == sha256(plan_of(whole, sample.set).seal()));

  baseline.blobs.at(layer.digest).size += 1;  // not the same blob
  CHECK(has_layer(descriptors(archive_contents(sample.set, baseline))));
}

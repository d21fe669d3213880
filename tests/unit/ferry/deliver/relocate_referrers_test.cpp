#include <doctest/doctest.h>

#include <algorithm>

#include "ferry/deliver/relocate.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A destination that forgets to list what is attached, for as long as it is told to.
class Careless : public MemoryTarget {
 public:
  std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    return forgets ? std::vector<Descriptor>{} : MemoryTarget::referrers(subject);
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    if (mends) forgets = false;
    MemoryTarget::put_manifest(manifest, selector);
  }
  std::optional<Digest> resolve(const std::string& selector) override {
    return selector == lost_tag ? std::nullopt : MemoryTarget::resolve(selector);
  }
  std::atomic<bool> forgets{false};
  bool mends = false;
  std::string lost_tag;
};

struct AttachedSample {
  SampleWorld world;
  Reference image = world.image(kApps, "a");
  Reference bundle = world.bundle("r.example/bundle", {image});
  std::string tag = attachment_tag(*image.digest, "sig");
  Reference signature = world.artifact(kApps, "signature", {}, tag);
  Reference sbom = world.artifact(kApps, "sbom", image.digest);
  ImageSet set = discover({root_of(bundle, SourceArgument::Kind::Bundle, "v1")}, world.opener(),
                          {.referrers = Referrers::All}, {});
};

}  // namespace

TEST_CASE("all attached artifacts arrive, and a second run writes nothing") {
  AttachedSample sample;
  MemoryTarget target;
  const TransferReport report = put_inside(target, sample.set);
  CHECK(report.images == 4);
  CHECK(report.referrers == 2);
  CHECK(target.tags().at(sample.tag) == *sample.signature.digest);
  CHECK(target.referrers(*sample.image.digest)->size() == 1);
  const TransferReport again = put_inside(target, sample.set);
  CHECK(again.manifests_written == 0);
  CHECK(again.blobs_written == 0);
  CHECK(again.referrers == 2);
}

TEST_CASE("an artifact that the registry does not list is put again by the same command") {
  AttachedSample sample;
  Careless target;
  put_inside(target, sample.set);
  target.forgets = true;
  target.mends = true;
  CHECK(put_inside(target, sample.set).manifests_written == 1);
  CHECK_FALSE(target.forgets);
}

TEST_CASE("a destination that does not list attached artifacts gets no locations and no tags") {
  AttachedSample sample;
  Careless unlisted;
  unlisted.forgets = true;
  Careless untagged;
  untagged.lost_tag = sample.tag;
  for (Careless* target : {&unlisted, &untagged}) {
    try {
      put_inside(*target, sample.set);
      FAIL("did not fail");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Unstable);
      const Reference& lost = target == &unlisted ? sample.sbom : sample.signature;
      CHECK(error.message().find(lost.digest->text()) != std::string::npos);
    }
    CHECK_FALSE(target->tags().contains("v1"));
    CHECK_FALSE(target->tags().contains(locations_tag(*sample.bundle.digest)));
  }
}

TEST_CASE("a signature that replaces another one is reported") {
  AttachedSample sample;
  MemoryTarget target;
  put_inside(target, sample.set);
  SampleWorld other;
  const Reference image = other.image(kApps, "a");
  other.artifact(kApps, "another signature", {}, sample.tag);
  const ImageSet set =
      discover({root_of(image, SourceArgument::Kind::Image)}, other.opener(), {.referrers = Referrers::All}, {});
  Warnings warnings;
  put_inside(target, set, {}, warnings);
  CHECK(warnings.lines.empty());
  REQUIRE(warnings.moves.size() == 1);
  CHECK(warnings.moves[0].tag.tag == sample.tag);
  CHECK(warnings.moves[0].from == sample.signature.digest);
}

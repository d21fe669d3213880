#include "ferry/set/stripped_indexes.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "sample_bundles.hpp"
#include "transfer/caching_source.hpp"

// Indexes without what is absent, in the places of those that list it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A place that lacks some manifests.
class LacksManifests : public CachingSource {
 public:
  LacksManifests(std::shared_ptr<ImageSource> inner, std::set<Digest> absent)
      : CachingSource(std::move(inner), std::make_shared<CacheBudget>(0)), absent_(std::move(absent)) {}
  std::optional<RawManifest> manifest(const std::string& selector) override {
    const auto digest = Digest::try_parse(selector);
    return digest && absent_.contains(*digest) ? std::nullopt : CachingSource::manifest(selector);
  }

 private:
  std::set<Digest> absent_;
};

struct StripSample {
  SampleWorld world = {};
  Reference here = world.image(kApps, "here");
  Reference away = world.image(kApps, "away");
  Reference gone = world.image(kApps, "gone");
  Reference index = world.index(kApps, {here, away});
  Warnings warnings = {};

  StrippedSet strip(const std::vector<Root>& roots) {
    const OpenSource all = world.opener();
    const OpenSource open = [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      return std::make_shared<LacksManifests>(all(name), std::set<Digest>{*away.digest, *gone.digest});
    };
    return strip_indexes(discover(roots, open, {.referrers = Referrers::All}, {.progress = &warnings}), warnings);
  }

  [[nodiscard]] bool told(const std::string& words) const {
    return std::ranges::any_of(warnings.lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
  }
};

Root strip_root(const Reference& image, const std::string& tag = "v1") { return root_of(image, kImage, tag); }

}  // namespace

TEST_CASE("a stripped index lists only present children, also in nested indexes, and a registry accepts it") {
  StripSample sample;
  const Reference outer = sample.world.index(kApps, {sample.index, sample.here});
  const StrippedSet result = sample.strip({strip_root(outer)});
  REQUIRE(result.stripped.size() == 1);
  const StrippedIndex& stripped = result.stripped.front();
  CHECK(stripped.index.digest == outer.digest);
  CHECK(stripped.now == result.now.at(*outer.digest));
  CHECK(stripped.left == 2);
  CHECK(stripped.listed == 2);
  CHECK_FALSE(result.set.graph().contains(*outer.digest));
  CHECK_FALSE(result.set.graph().contains(*sample.index.digest));
  for (const auto& [digest, node] : result.set.graph().manifests()) {
    CHECK(result.set.graph().absent_children(digest).empty());
  }
  MemoryTarget target;
  const TransferReport report = put_inside(target, result.set);
  CHECK(target.tags().at("v1") == stripped.now);
  CHECK(target.resolve(sample.here.digest->text()) == sample.here.digest);
  std::vector<PlacedImage> names = report.names;
  name_old_digests(names, result);
  CHECK(names.at(0).from.digest == outer.digest);
  CHECK(names.at(0).to.digest == stripped.now);
}

TEST_CASE("an index that a bundle lists is not stripped, with a warning") {
  StripSample sample;
  const Reference bundle = sample.world.bundle("r.example/bundle", {sample.index});
  const StrippedSet result = sample.strip({root_of(bundle, SourceArgument::Kind::Bundle, "v1")});
  CHECK(result.stripped.empty());
  CHECK(result.set.contains(*sample.index.digest));
  CHECK(sample.told(to_string(sample.index) + ": the bundle " + to_string(bundle)));
}

TEST_CASE("two indexes that become equal are one, with the tags of both") {
  StripSample sample;
  const Reference other = sample.world.index(kApps, {sample.here, sample.gone});
  const StrippedSet result = sample.strip({strip_root(sample.index, "v1"), strip_root(other, "v2")});
  CHECK(result.stripped.size() == 2);
  REQUIRE(result.set.images().size() == 1);
  MemoryTarget target;
  put_inside(target, result.set);
  CHECK(target.tags().at("v1") == result.now.at(*sample.index.digest));
  CHECK(target.tags().at("v2") == result.now.at(*other.digest));
}

TEST_CASE("artifacts of the old digest are left out with a warning, and those of children are kept") {
  StripSample sample;
  const Reference lost = sample.world.artifact(kApps, "sbom of the index", sample.index.digest);
  const Reference lost_by_tag =
      sample.world.artifact(kApps, "signature", {}, text::cat("sha256-", sample.index.digest->hex(), ".sig"));
  const Reference kept = sample.world.artifact(kApps, "sbom of the image", sample.here.digest);
  const StrippedSet result = sample.strip({strip_root(sample.index)});
  CHECK(result.set.contains(*kept.digest));
  for (const Reference& one : {lost, lost_by_tag}) {
    CAPTURE(to_string(one));
    CHECK_FALSE(result.set.contains(*one.digest));
    CHECK(sample.told(one.digest->text()));
  }
}

TEST_CASE("a lock file names the new digests, and one without such an index is unchanged") {
  StripSample sample;
  const StrippedSet result = sample.strip({strip_root(sample.index)});
  ImagesLock lock;
  lock.images = {{.image = sample.index}, {.image = sample.here}};
  const ImagesLock now = stripped_lock(lock, result);
  CHECK(now.images[0].image.digest == result.now.at(*sample.index.digest));
  CHECK(now.images[1].image.digest == sample.here.digest);
}

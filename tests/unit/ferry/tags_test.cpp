#include "ferry/tags.hpp"

#include <doctest/doctest.h>

#include "sample_bundles.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A repository with one image under these tags.
struct Tagged {
  SampleWorld world;
  Reference image = world.image("r.example/app", "a");
  std::shared_ptr<MemoryTarget> repository = world.repository("r.example/app");

  explicit Tagged(const std::vector<std::string>& tags) {
    const RawManifest raw = repository->manifest(image.digest->text()).value();
    for (const std::string& tag : tags) repository->put_manifest(raw, tag);
  }

  [[nodiscard]] std::vector<std::string> names(const TagListOptions& options) const {
    std::vector<std::string> names;
    for (const ListedTag& tag : list_tags_of(*repository, *repository, options, {})) names.push_back(tag.name);
    return names;
  }
};

/// A registry that forgot what some tags point to.
class ForgetsTags : public Tagger {
 public:
  explicit ForgetsTags(Tagger& inner) : inner_(inner) {}
  std::optional<Digest> resolve(const std::string& selector) override {
    return selector.starts_with("gone") ? std::nullopt : inner_.resolve(selector);
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    inner_.put_manifest(manifest, selector);
  }

 private:
  Tagger& inner_;
};

/// A registry that lists what no tag can be, and is asked for valid tags only.
class OddTags : public TagLister, public Tagger {
 public:
  explicit OddTags(Tagger& inner) : inner_(inner) {}
  std::vector<std::string> list_tags() override { return {"-rc", "v 1", "v1", std::string(129, 'v')}; }
  std::optional<Digest> resolve(const std::string& selector) override {
    if (selector != "v1") throw Error(ErrorCode::Usage, "asked for " + selector);
    return inner_.resolve(selector);
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    inner_.put_manifest(manifest, selector);
  }

 private:
  Tagger& inner_;
};

}  // namespace

TEST_CASE("tags that end in .imgpkg are listed only if they are requested") {
  const std::string hex(64, 'a');
  const Tagged tagged({"v1", "sha256-" + hex + ".imgpkg", "sha256-" + hex + ".image-locations.imgpkg",
                       "sha256-" + hex + ".sig", "imgpkg", "v1.imgpkg.old"});
  CHECK(tagged.names({}) == std::vector<std::string>{"imgpkg", "sha256-" + hex + ".sig", "v1", "v1.imgpkg.old"});
  CHECK(tagged.names({.internal_tags = true}).size() == 6);
}

TEST_CASE("digests are requested only if they are wanted") {
  const Tagged tagged({"v1", "v2"});
  for (const bool digests : {false, true}) {
    for (const ListedTag& tag : list_tags_of(*tagged.repository, *tagged.repository, {.digests = digests}, {})) {
      CHECK(tag.digest == (digests ? tagged.image.digest : std::nullopt));
    }
  }
}

TEST_CASE("a tag without a manifest is listed without digest, with a warning") {
  const Tagged tagged({"gone", "v1"});
  ForgetsTags tagger(*tagged.repository);
  Warnings warnings;
  const auto tags = list_tags_of(*tagged.repository, tagger, {.digests = true}, {.progress = &warnings});
  REQUIRE(tags.size() == 2);
  CHECK_FALSE(tags[0].digest.has_value());
  CHECK(tags[1].digest == tagged.image.digest);
  REQUIRE(warnings.lines.size() == 1);
  CHECK(warnings.lines[0].find("the tag gone") != std::string::npos);
}

TEST_CASE("an invalid tag is listed without a request, with a warning") {
  const Tagged tagged({"v1"});
  OddTags odd(*tagged.repository);
  Warnings warnings;
  const auto tags = list_tags_of(odd, odd, {.digests = true}, {.progress = &warnings});
  REQUIRE(tags.size() == 4);
  for (const ListedTag& tag : tags) CHECK(tag.digest == (tag.name == "v1" ? tagged.image.digest : std::nullopt));
  REQUIRE(warnings.lines.size() == 3);
  CHECK(warnings.lines[0] == "the registry lists '-rc', which is not a valid tag; its digest is left out");
  CHECK(list_tags_of(odd, odd, {}, {}).size() == 4);
}

#include "ferry/deliver/added_tags.hpp"

#include <doctest/doctest.h>

#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"

// --tag IMAGE=TAG: tags that images get at the destination, beside their own.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const RepositoryName kTaggedTo{"d.example", "to"};
using Tags = std::set<std::string>;

Tags tags_of(const PlacedSet& placed, const Reference& image, const RepositoryName& repository = kTaggedTo) {
  return placed.of(*placed.set().find(*image.digest)).all.at(repository);
}

PlacedSet placed_with(const ImageSet& set, std::vector<AddedTag> added, bool root_tags = true) {
  return PlacedSet(set, placement_of({.to = kTaggedTo, .added_tags = std::move(added)}), root_tags);
}

std::string tag_refusal(const ImageSet& set, std::vector<AddedTag> added) {
  try {
    static_cast<void>(placed_with(set, std::move(added)));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    return error.message();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("an added tag must be valid, and must not be a tag that is made from a digest") {
  const AddedTag added = parse_added_tag("localhost:5000/a/b:v1=v1-approved");
  CHECK(added.image == "localhost:5000/a/b:v1");
  CHECK(added.tag == "v1-approved");
  const Digest digest = Digest::parse("sha256:" + std::string(64, 'a'));
  CHECK(parse_added_tag(digest.text() + "=v1").image == digest.text());
  for (const std::string bad : {"v1", "=v1", "r.example/a=", "r.example/a=-v1", "r.example/A B=v1", "r.example=v1"}) {
    CHECK_THROWS_AS(static_cast<void>(parse_added_tag(bad)), Error);
  }
  CHECK_THROWS_AS(static_cast<void>(parse_added_tag("r.example/a=" + image_tag(digest))), Error);
  CHECK_THROWS_AS(static_cast<void>(parse_added_tag("r.example/a=" + attachment_tag(digest, "sig"))), Error);
}

TEST_CASE("--tag accepts each form of an image's name, for roots and images of bundles") {
  const NestedSample sample;
  CHECK(tags_of(placed_with(sample.set, {{"r.example/apps/a", "x"}}), sample.image) == Tags{"x"});
  CHECK(tags_of(placed_with(sample.set, {{sample.image.digest->text(), "x"}}), sample.image) == Tags{"x"});
  CHECK(tags_of(placed_with(sample.set, {{to_string(sample.inner), "x"}}), sample.inner) == Tags{"x"});
  const PlacedSet both = placed_with(sample.set, {{"r.example/outer:v1", "x"}, {"r.example/outer", "v1"}});
  CHECK(tags_of(both, sample.outer) == Tags{"v1", "x"});
  // Both names lead there; a name that had no tag has the added one.
  const auto& names = both.names_of(*sample.set.find(*sample.outer.digest));
  REQUIRE(names.size() == 2);
  CHECK(names[1].from.tag == "v1");
  CHECK(names[1].to.tag == "x");
  const PlacedSet without = placed_with(sample.set, {{"r.example/outer", "x"}}, false);
  CHECK(tags_of(without, sample.outer) == Tags{"x"});
  CHECK(relocated_lock(without, std::nullopt).find("tag: x") != std::string::npos);
}

TEST_CASE("an added tag is put into the repository of the name that it was given for") {
  SampleWorld world;
  const Reference one = world.image("r.example/apps/one", "same");
  const Reference other = world.image("r.example/apps/other", "same");
  const auto kind = SourceArgument::Kind::Image;
  const ImageSet set = discover({root_of(one, kind, "a"), root_of(other, kind, "b")}, world.opener(), {}, {});
  const auto places = [&](const std::string& image) {
    RelocateOptions options{.by_name = NamedDestination{.registry = "d.example"}, .added_tags = {{image, "x"}}};
    return PlacedSet(set, placement_of(options), true).of(set.images().front()).all;
  };
  const RepositoryName first{"d.example", "apps/one"};
  const RepositoryName second{"d.example", "apps/other"};
  CHECK(places("r.example/apps/other:b") == std::map<RepositoryName, Tags>{{first, {"a"}}, {second, {"b", "x"}}});
  CHECK(places(one.digest->text()) == std::map<RepositoryName, Tags>{{first, {"a", "x"}}, {second, {"b", "x"}}});
}

TEST_CASE("--tag refuses unknown and ambiguous names with the existing ones, and tags that clash") {
  SampleWorld world;
  std::vector<Root> roots;
  for (int i = 0; i < 12; ++i) {
    const Reference image = world.image("r.example/apps/a", std::to_string(i));
    roots.push_back(root_of(image, SourceArgument::Kind::Image, "v" + std::to_string(i)));
  }
  const ImageSet set = discover(roots, world.opener(), {}, {});
  const std::string none = tag_refusal(set, {{"r.example/apps/a:v99", "x"}});
  CHECK(none.find("'r.example/apps/a:v99', which is no image here; there are:\n  - r.example/apps/a:v") !=
        std::string::npos);
  CHECK(none.ends_with("\n  - and 2 more"));
  CHECK(tag_refusal(set, {{"r.example/apps/a", "x"}}).find("which more than one image is called:") !=
        std::string::npos);
  CHECK(tag_refusal(set, {{"r.example/apps/a:v1", "v2"}}).starts_with("two images have the tag 'v2'"));
  CHECK(tag_refusal(set, {{"r.example/apps/a:v1", "x"}, {"r.example/apps/a:v2", "x"}})
            .starts_with("two images have the tag 'x'"));
}

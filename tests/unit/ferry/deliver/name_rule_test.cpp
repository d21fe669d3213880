#include "ferry/deliver/name_rule.hpp"

#include <doctest/doctest.h>

#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "support/temp.hpp"

// What names become at a destination where each image keeps its own.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string named(const NamedDestination& to, const std::string& from) {
  const Reference result = name_rule(to)(Reference::parse(from));
  return to_string(result.name) + (result.tag ? ":" + *result.tag : "");
}

NamedDestination with(NameMapping mapping) {
  return {.registry = "d.example", .prefix = "in", .map = {.mappings = {std::move(mapping)}}};
}

std::string name_refusal(const NamedDestination& to, const std::string& from) {
  try {
    return "no refusal: " + named(to, from);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    return error.message();
  }
}

}  // namespace

TEST_CASE("a name keeps its path and tag below the prefix, and its registry with --keep-registry") {
  CHECK(named({.registry = "d.example"}, "r.example/team/app:v1") == "d.example/team/app:v1");
  CHECK(named({.registry = "d.example", .prefix = "a/b"}, "nginx") == "d.example/a/b/library/nginx");
  CHECK(named({.registry = "d.example", .keep_registry = true}, "localhost:5000/app:v1") ==
        "d.example/localhost-5000/app:v1");
  CHECK(named({.registry = "d.example", .keep_registry = true}, "[::1]:5000/app") == "d.example/1-5000/app");
  CHECK_THROWS_AS(static_cast<void>(named({.registry = "d.example", .keep_registry = true}, "[::]/app")), Error);
}

TEST_CASE("names of images built by podman lose the registry localhost") {
  CHECK(named({.registry = "d.example", .prefix = "in"}, "localhost/team/app:v1") == "d.example/in/team/app:v1");
  CHECK(named({.registry = "d.example", .keep_registry = true}, "localhost/app:v1") == "d.example/localhost/app:v1");
  CHECK(named(with({.registry = "localhost", .path = "app", .to = "mine/{registry}-{path}"}), "localhost/app:v1") ==
        "d.example/in/mine/localhost-app:v1");
  CHECK(named(with(parse_name_mapping("localhost/app=mine/app")), "localhost/app:v1") == "d.example/in/mine/app:v1");
}

TEST_CASE("the first mapping that matches counts; patterns are those of the shell") {
  NamedDestination to = with({.registry = "ghcr.io", .path = "team/*", .to = "mine/{name}"});
  to.map.mappings.push_back({.tag = "nightly-*", .to = "{registry}/{path}:{tag}-old"});
  to.map.mappings.push_back({.path = "secret/?", .refuse = "it stays here"});
  CHECK(named(to, "ghcr.io/team/deep/app:v1") == "d.example/in/mine/app:v1");
  CHECK(named(to, "ghcr.io/other/app:nightly-3") == "d.example/in/ghcr.io/other/app:nightly-3-old");
  CHECK(named(to, "ghcr.io/other/app") == "d.example/in/other/app");
  CHECK(name_refusal(to, "ghcr.io/secret/a:v1") == "the mapping refuses ghcr.io/secret/a:v1: it stays here");
}

TEST_CASE("a path that is too deep is flattened without collisions") {
  NamedDestination to{.registry = "d.example", .prefix = "in", .map = {.mappings = {}, .levels = 2}};
  CHECK(named(to, "r.example/app:v1") == "d.example/in/app:v1");
  const std::string one = named(to, "r.example/a/b-c");
  const std::string other = named(to, "r.example/a-b/c");
  CHECK(one.starts_with("d.example/in/a-b-c-"));
  CHECK(other.starts_with("d.example/in/a-b-c-"));
  CHECK(one.size() == std::string("d.example/in/a-b-c-").size() + 8);
  CHECK(one != other);
}

TEST_CASE("invalid names are refused before any request") {
  for (const char* to : {"A/b", "a//b", "-a", "a-", "a..b", "a___b", "a/.b", "", "a b"}) {
    CAPTURE(to);
    CHECK(name_refusal(with({.to = to}), "r.example/app:v1").find("registries do not accept") != std::string::npos);
  }
  for (const char* to : {"a-b", "a--b", "a.b", "a_b", "a__b", "0/1"}) {
    CAPTURE(to);
    CHECK(named(with({.to = to}), "r.example/app:v1") == std::string("d.example/in/") + to + ":v1");
  }
  CHECK(name_refusal(with({.to = std::string(255, 'a')}), "r.example/app").find("longer than 255") !=
        std::string::npos);
  CHECK(name_refusal(with({.to = "a:-b"}), "r.example/app:v1").find("tag '-b'") != std::string::npos);
  CHECK(name_refusal(with({.to = "{owner}/a"}), "r.example/app:v1").find("{owner}") != std::string::npos);
}

TEST_CASE("a destination is a host, with or without a prefix") {
  CHECK(parse_named_destination("localhost:5000").prefix.empty());
  CHECK(parse_named_destination("r.example/a/b").prefix == "a/b");
  CHECK(parse_named_destination("docker.io/me").registry == "index.docker.io");
  for (const char* text : {"", "r", "apps/a", "r.example/", "r.example/UPPER", "r.example/a:v1", "https://r.example"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(static_cast<void>(parse_named_destination(text)), Error);
  }
  CHECK(named(with(parse_name_mapping("[::1]:5000/app=web")), "[::1]:5000/app:v1") == "d.example/in/web:v1");
  CHECK(parse_name_mapping("nginx:1=web").path == "library/nginx");
  CHECK(parse_name_mapping("nginx:1=web").tag == "1");
  for (const char* text : {"a", "=b", "a=", "r.example/a@sha256:12=b"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(static_cast<void>(parse_name_mapping(text)), Error);
  }
}

TEST_CASE("a mapping matches the tags of images, also if these are not put") {
  SampleWorld world;
  const Reference app = world.image("r.example/apps/a", "a");
  const ImageSet set = discover({root_of(app, SourceArgument::Kind::Image, "nightly-1")}, world.opener(), {}, {});
  NamedDestination to = with({.tag = "nightly-*", .to = "old/{name}"});
  const PlacedSet placed(set, placement_of({.by_name = to}), false);
  CHECK(placed.own_of(set.images().front()).repository == "in/old/a");
  CHECK(placed.of(set.images().front()).all.at({"d.example", "in/old/a"}).empty());
  to.map.mappings.front() = {.tag = "nightly-*", .refuse = "nightly builds stay outside"};
  CHECK_THROWS_AS(PlacedSet(set, placement_of({.by_name = to}), false), Error);
}

TEST_CASE("an image with several names is placed by each, with its attached artifacts") {
  SampleWorld world;
  const Reference one = world.image("r.example/apps/one", "same");
  const Reference other = world.image("r.example/apps/other", "same");
  REQUIRE(one.digest == other.digest);
  const Reference signature = world.artifact("r.example/apps/one", "signed", {}, attachment_tag(*one.digest, "sig"));
  const auto kind = SourceArgument::Kind::Image;
  const ImageSet set =
      discover({root_of(other, kind, "b"), root_of(one, kind, "a")}, world.opener(), {.referrers = Referrers::All}, {});
  const PlacedSet placed(set, placement_of({.by_name = NamedDestination{.registry = "d.example"}}), true);
  const SetImage& image = *set.find(*one.digest);
  CHECK(placed.own_of(image).repository == "apps/one");
  CHECK((placed.of(image).all == std::map<RepositoryName, std::set<std::string>>{
                                     {{"d.example", "apps/one"}, {"a"}}, {{"d.example", "apps/other"}, {"b"}}}));
  REQUIRE(placed.names_of(image).size() == 2);
  CHECK(placed.names_of(image)[1].from == Reference{other.name, "b", one.digest});
  const ImagePlaces& attached = placed.of(*set.find(*signature.digest));
  CHECK(attached.all.size() == 2);
  for (const auto& [repository, tags] : attached.all) CHECK(tags == std::set{attachment_tag(*one.digest, "sig")});
}

TEST_CASE("a bundle's repository also gets the images of its nested bundles, unless disabled") {
  const NestedSample sample;
  NamedDestination to{.registry = "d.example"};
  const PlacedSet beside(sample.set, placement_of({.by_name = to}), true);
  to.only_own_repository = true;
  const PlacedSet apart(sample.set, placement_of({.by_name = to}), true);
  const auto places = [&](const PlacedSet& placed, const Reference& image) {
    std::vector<std::string> all;
    for (const auto& [repository, tags] : placed.of(*sample.set.find(*image.digest)).all) {
      all.push_back(repository.repository);
    }
    return all;
  };
  CHECK((places(beside, sample.image) == std::vector<std::string>{"apps/a", "inner", "outer"}));
  CHECK((places(beside, sample.inner) == std::vector<std::string>{"inner", "outer"}));
  CHECK((places(beside, sample.outer) == std::vector<std::string>{"outer"}));
  CHECK((places(apart, sample.image) == std::vector<std::string>{"apps/a"}));
  CHECK((places(apart, sample.inner) == std::vector<std::string>{"inner"}));
}

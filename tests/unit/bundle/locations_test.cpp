#include <doctest/doctest.h>

#include <string>

#include "bundle/bundle.hpp"
#include "lock_checks.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kSeedHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\n";
const std::string kReleasedHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImageLocations\n";

std::string named(const std::string& name, char digit) { return name + "@sha256:" + std::string(64, digit); }
ImageRef ref(const std::string& name, char digit) { return {parse_digest_reference(named(name, digit)), {}}; }
bool never(const Digest&) { return false; }

Locations in_repository(const std::string& repository, Locations locations) {
  for (LocationEntry& entry : locations.entries) entry.repository = repository;
  return locations;
}

std::string locations_refusal(const std::string& yaml) {
  return refusal_by([&] { static_cast<void>(parse_locations(yaml)); });
}

}  // namespace

TEST_CASE("locations of a bundle are written byte for byte as by imgpkg") {
  const ImagesLock outer = ImagesLock::parse(imgpkg_fixture("bundle-outer/imgpkg_images.yml"));
  const Digest nested = Digest::parse("sha256:b8e954d90d4932dafd1aa54eecb2137c04f015b480b9fead13132fe50b99ae03");
  const auto is_bundle = [&](const Digest& digest) { return digest == nested; };
  CHECK(to_imgpkg_yaml(make_locations(outer, is_bundle)) ==
        imgpkg_fixture("locations-outer-bundle/image-locations.yml"));
  const ImagesLock inner = ImagesLock::parse(imgpkg_fixture("bundle-inner/imgpkg_images.yml"));
  CHECK(to_imgpkg_yaml(in_repository("any/where", make_locations(inner, is_bundle))) ==
        imgpkg_fixture("locations-inner-bundle/image-locations.yml"));
  CHECK(to_imgpkg_yaml({}) == imgpkg_fixture("locations-empty-images-null/image-locations.yml"));
}

TEST_CASE("the locations file of the request names repositories") {
  const ImagesLock inner = ImagesLock::parse(imgpkg_fixture("bundle-inner/imgpkg_images.yml"));
  CHECK(to_seed_yaml(in_repository("art/two-file", make_locations(inner, never))) ==
        imgpkg_fixture("locations-two-files-seed-and-released/images-locations.yml"));

  const ImagesLock basic = ImagesLock::parse(imgpkg_fixture("bundle-basic-step-2-today/imgpkg_images.yml"));
  CHECK(to_seed_yaml(in_repository("new-location", make_locations(basic, never))) ==
        "apiVersion: imgpkg.carvel.dev/v1alpha1\n"
        "kind: ImagesLocation\n"
        "images:\n"
        "  - image: index.docker.io/dkalinin/k8s-simple-app@sha256:"
        "4c8b96d4fffdfae29258d94a22ae4ad1fe36139d47288b8960d9958d1e63a9d0\n"
        "    repository: new-location\n"
        "    bundle: false\n");
}

TEST_CASE("relocatable locations have no repository, and empty ones no image") {
  ImagesLock lock;
  lock.images = {ref("a.io/xx", '1')};
  CHECK(to_seed_yaml(make_locations(lock, [](const Digest&) { return true; })) ==
        kSeedHeader + "images:\n  - image: " + named("a.io/xx", '1') + "\n    bundle: true\n");
  CHECK(to_seed_yaml({}) == kSeedHeader + "images: []\n");
}

TEST_CASE("names that YAML would take for something else are quoted") {
  const Locations odd{{{parse_digest_reference(named("[::1]:5000/xx", '1')), false, "1.50"},
                       {parse_digest_reference(named("a.io/xx", '2')), true, "on"}}};
  const std::string yaml = to_seed_yaml(odd);
  CHECK(yaml.find("image: '[::1]:5000/xx@") != std::string::npos);
  CHECK(yaml.find("repository: \"1.50\"\n") != std::string::npos);
  CHECK(yaml.find("repository: \"on\"\n") != std::string::npos);
  CHECK(parse_locations(yaml) == odd);
}

TEST_CASE("locations have one entry for each digest, with the smallest reference, sorted") {
  ImagesLock lock;
  lock.images = {ref("z.io/one", '1'), ref("b.io/two", '2'), ref("a.io/one", '1'),
                 ref("b.io/two", '2'), ref("m.io/one", '1'), ref("B.io/three", '0')};
  const Locations locations = make_locations(lock, never);
  REQUIRE(locations.entries.size() == 3);
  CHECK(to_string(locations.entries[0].image) == named("B.io/three", '0'));
  CHECK(to_string(locations.entries[1].image) == named("a.io/one", '1'));
  CHECK(to_string(locations.entries[2].image) == named("b.io/two", '2'));
  CHECK_FALSE(locations.entries[2].repository);
  CHECK(fits(locations, lock));
}

TEST_CASE("a lock entry without a digest is an Internal error") {
  ImagesLock lock;
  lock.images = {{Reference::parse("a.io/xx:v1"), {}}};
  CHECK_THROWS_AS((void)make_locations(lock, never), Error);
}

TEST_CASE("both kinds of locations file are read") {
  const std::string both = "locations-two-files-seed-and-released/";
  const Locations released = parse_locations(imgpkg_fixture(both + "image-locations.yml"));
  REQUIRE(released.entries.size() == 1);
  CHECK_FALSE(released.entries[0].repository);
  const Locations seed = parse_locations(imgpkg_fixture(both + "images-locations.yml"));
  REQUIRE(seed.entries.size() == 1);
  CHECK(seed.entries[0].repository == "art/two-file");
  CHECK(seed.entries[0].image == released.entries[0].image);

  const Locations outer = parse_locations(imgpkg_fixture("locations-outer-bundle/image-locations.yml"));
  REQUIRE(outer.entries.size() == 4);
  CHECK(outer.entries[3].is_bundle);
  CHECK_FALSE(outer.entries[0].is_bundle);
  CHECK(to_imgpkg_yaml(outer) == imgpkg_fixture("locations-outer-bundle/image-locations.yml"));
  CHECK(parse_locations(imgpkg_fixture("locations-empty-images-null/image-locations.yml")).entries.empty());
}

TEST_CASE("a locations file is read leniently") {
  const std::string image = named("a.io/xx", '1');
  const auto one = [](const std::string& yaml) { return parse_locations(yaml).entries.at(0); };
  CHECK(one(kReleasedHeader + "extra: {a: [1]}\nimages:\n- image: " + image + "\n  size: 3\n  isBundle: yes\n")
            .is_bundle);
  CHECK_FALSE(one(kReleasedHeader + "images:\n- image: " + image + "\n").is_bundle);
  CHECK_FALSE(one(kReleasedHeader + "images:\n- image: " + image + "\n  bundle: true\n").is_bundle);
  CHECK(one(kReleasedHeader + "images:\n- image: " + image + "\n  repository: a/b\n").repository == "a/b");
  CHECK_FALSE(one(kSeedHeader + "images:\n- image: " + image + "\n  isBundle: true\n").is_bundle);
  CHECK(one(kReleasedHeader + "images:\n- image: x\n  image: " + image + "\n  ISBUNDLE: true\n").is_bundle);
  CHECK_FALSE(
      one(kReleasedHeader + "images:\n- image: " + image + "\n  isBundle: false\n  ISBUNDLE: true\n").is_bundle);
  CHECK(parse_locations(kReleasedHeader + "images: []\n").entries.empty());
  CHECK(parse_locations(kReleasedHeader).entries.empty());
  CHECK(one(R"({"apiVersion":"imgpkg.carvel.dev/v1alpha1","kind":"ImagesLocation","images":[{"image":")" + image +
            R"(","repository":"r/s","bundle":true}]})") == LocationEntry{parse_digest_reference(image), true, "r/s"});
}

TEST_CASE("a malformed locations file is refused") {
  const std::string image = "images:\n- image: " + named("a.io/xx", '1') + "\n";
  CHECK(locations_refusal("") ==
        "Validating image locations: Validating apiVersion: Unknown version (known: "
        "imgpkg.carvel.dev/v1alpha1)");
  CHECK(locations_refusal("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: Locations\n") ==
        "Validating image locations: Validating kind: Unknown kind (known: ImageLocations, ImagesLocation)");
  CHECK(locations_refusal(kReleasedHeader + image + "  isBundle: \"true\"\n") ==
        "Unmarshaling image locations config: images[0]: isBundle: expected true or false");
  CHECK(locations_refusal(kReleasedHeader + "images:\n- image: a:v1\n") ==
        "Validating image locations: Expected ref to be in digest form, got 'a:v1'");
  CHECK(locations_refusal(kReleasedHeader + "images: 1\n") ==
        "Unmarshaling image locations config: images: expected a list");
  CHECK(locations_refusal("a: &x 1\nb: *x\n").find("anchors are not accepted") != std::string::npos);
}

TEST_CASE("a repository that is no valid path is refused") {
  const auto with = [](const std::string& repository) {
    return kSeedHeader + "images:\n- image: " + named("a.io/xx", '1') + "\n  repository: '" + repository + "'\n";
  };
  CHECK(parse_locations(with("a/b-c_d.e")).entries[0].repository == "a/b-c_d.e");
  CHECK(parse_locations(with("library/x")).entries[0].repository == "library/x");
  CHECK_FALSE(parse_locations(with("")).entries[0].repository);
  for (const char* bad : {"a/../b", "../x", "/x", "x/", "a//b", "Upper", "a b", "x:tag", "x?y=1", "x#y", "a%2fb",
                          "evil.io:5000/x/@y", "http://x", "a\\b"}) {
    INFO(std::string(bad));
    CHECK(locations_refusal(with(bad)).find("is not the path of a repository") != std::string::npos);
  }
  CHECK(locations_refusal(with(named("a", '1'))).find("is not the path of a repository") != std::string::npos);
  CHECK(locations_refusal(with(std::string(300, 'a'))).find("is not the path of a repository") != std::string::npos);
}

TEST_CASE("locations match a lock only if they list the same images by the same names") {
  ImagesLock lock;
  lock.images = {ref("a.io/xx", '1'), ref("b.io/yy", '2')};
  const auto of = [](const std::vector<ImageRef>& images) { return make_locations({images}, never); };
  CHECK(fits(of(lock.images), lock));
  CHECK(fits({}, {}));
  CHECK_FALSE(fits({}, lock));
  CHECK_FALSE(fits(of({ref("a.io/xx", '1')}), lock));
  CHECK_FALSE(fits(of({ref("a.io/xx", '1'), ref("b.io/yy", '2'), ref("c.io/zz", '3')}), lock));
  CHECK_FALSE(fits(of({ref("a.io/xx", '1'), ref("b.io/other", '2')}), lock));
  CHECK_FALSE(fits(of({ref("a.io/xx", '1'), ref("b.io/yy", '3')}), lock));
}

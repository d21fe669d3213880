#include "ferry/gather/discover.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/fd.hpp"
#include "ferry/set/archive_contents.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "stream/sha256.hpp"
#include "support/index_json.hpp"
#include "transfer/limits.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::vector<std::string> names(const ImageSet& set) {
  std::vector<std::string> all;
  for (const SetImage& image : set.images()) all.push_back(to_string(image.reference.name));
  return all;
}

std::string failure(SampleWorld& world, const std::vector<Root>& roots, ErrorCode* code = nullptr) {
  try {
    static_cast<void>(discover(roots, world.opener(), {}, {}));
  } catch (const Error& error) {
    if (code != nullptr) *code = error.code();
    return error.message();
  }
  return "no failure";
}

std::string seed(const std::vector<std::pair<Reference, std::string>>& entries) {
  std::string yaml = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages:\n";
  for (const auto& [image, repository] : entries) {
    yaml += "  - image: " + to_string(image) + "\n    repository: " + repository + "\n    bundle: false\n";
  }
  return yaml;
}

long reads(const MemoryTarget& target) {
  const auto operations = target.operations();
  return std::ranges::count_if(operations, [](const std::string& line) { return line.starts_with("get "); });
}

}  // namespace

TEST_CASE("nested bundles are followed to any depth, and each image is in the set once") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference b = world.image("s.example/apps/b", "b");
  const Reference inner = world.bundle("r.example/inner", {a, b});
  const Reference middle = world.bundle("r.example/middle", {inner, a});
  const Reference outer = world.bundle("r.example/outer", {middle, inner, b});
  const ImageSet set = discover({root_of(outer)}, world.opener(), {}, {});
  CHECK(names(set) == std::vector<std::string>{"r.example/outer", "r.example/inner", "r.example/middle",
                                               "r.example/apps/a", "s.example/apps/b"});
  CHECK(set.images()[0].is_root);
  CHECK(set.is_bundle(*inner.digest));
  CHECK_FALSE(set.is_bundle(*a.digest));
  CHECK(set.graph().manifests().size() == 5);
}

TEST_CASE("the result does not depend on the order of the roots or the number of jobs") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference one = world.bundle("r.example/one", {a});
  const Reference two = world.bundle("r.example/two", {a, one});
  const auto index = [&](const std::vector<Root>& roots, std::size_t jobs) {
    const ImageSet set = discover(roots, world.opener(), {}, {.jobs = jobs});
    return testing::index_of(archive_contents(set, {}).items);
  };
  const std::string expected = index({root_of(one), root_of(two), root_of(a, kImage)}, 1);
  CHECK(index({root_of(a, kImage), root_of(two), root_of(one)}, 8) == expected);
}

TEST_CASE("an image that lock files name differently has the name that sorts first, in any order of discovery") {
  SampleWorld world;
  const Reference z = world.image("z.example/apps/same", "same");
  const Reference b = world.image("b.example/apps/same", "same");
  REQUIRE(z.digest == b.digest);
  const Reference inner = world.bundle("r.example/inner", {b});
  const Reference outer = world.bundle("r.example/outer", {z, inner});
  const ImageSet set = discover({root_of(outer)}, world.opener(), {}, {});
  CHECK(names(set).back() == "b.example/apps/same");
  REQUIRE(set.images().size() == 3);
}

TEST_CASE("an image is looked for in the bundle's repository before the place its lock names") {
  SampleWorld world;
  const Reference original = world.image("far.example/apps/a", "a");
  const Reference bundle = world.bundle("near.example/bundle", {original});
  world.image("near.example/bundle", "a");
  static_cast<void>(discover({root_of(bundle)}, world.opener(), {}, {}));
  CHECK(reads(*world.repository("far.example/apps/a")) == 0);
}

TEST_CASE("matching locations say where an image is, without further requests") {
  SampleWorld world;
  const Reference original{parse_repository("far.example/apps/a"), std::nullopt,
                           world.image("near.example/moved", "a").digest};
  const Reference bundle = world.bundle("near.example/bundle", {original});
  world.locations(bundle, seed({{original, "moved"}}));
  const ImageSet set = discover({root_of(bundle)}, world.opener(), {}, {});
  CHECK(set.images().size() == 2);
  CHECK(to_string(set.images()[1].reference) == to_string(original));
  CHECK(reads(*world.repository("far.example/apps/a")) == 0);
}

TEST_CASE("where locations are wrong the search continues") {
  SampleWorld world;
  const Reference original = world.image("far.example/apps/a", "a");
  const Reference bundle = world.bundle("near.example/bundle", {original});
  world.locations(bundle, seed({{original, "not/there"}}));
  CHECK(discover({root_of(bundle)}, world.opener(), {}, {}).images().size() == 2);
}

TEST_CASE("locations that are malformed or list other digests are ignored with a warning") {
  const std::vector<std::string> bad = {
      "not: [yaml", "kind: Else\n", "",
      seed({{Reference{parse_repository("x.example/y/z"), std::nullopt, sha256("other")}, "moved"}})};
  for (const std::string& yaml : bad) {
    SampleWorld world;
    const Reference original = world.image("far.example/apps/a", "a");
    const Reference bundle = world.bundle("near.example/bundle", {original});
    world.locations(bundle, yaml);
    Warnings warnings;
    INFO(yaml);
    CHECK(discover({root_of(bundle)}, world.opener(), {}, {.progress = &warnings}).images().size() == 2);
    REQUIRE(warnings.lines.size() == 1);
    CHECK(warnings.lines[0].find("ignoring the locations image near.example/bundle:" + locations_tag(*bundle.digest)) ==
          0);
  }
}

TEST_CASE("all missing images are reported at once") {
  SampleWorld world;
  const Reference there = world.image("r.example/apps/a", "a");
  Reference gone = there;
  gone.digest = sha256("gone");
  Reference lost = there;
  lost.digest = sha256("lost");
  const Reference inner = world.bundle("r.example/inner", {lost});
  const Reference outer = world.bundle("r.example/outer", {gone, there, inner});
  ErrorCode code{};
  const std::string message = failure(world, {root_of(outer)}, &code);
  CHECK(code == ErrorCode::Incomplete);
  CHECK(message.find(gone.digest->text()) != std::string::npos);
  CHECK(message.find(lost.digest->text()) != std::string::npos);
  CHECK(message.find(there.digest->text()) == std::string::npos);
}

TEST_CASE("a missing image of a lock is Incomplete, and a missing root NotFound") {
  SampleWorld world;
  Reference gone = world.image("r.example/apps/a", "a");
  gone.digest = sha256("gone");
  ErrorCode code{};
  failure(world, {root_of(world.bundle("r.example/outer", {gone}))}, &code);
  CHECK(code == ErrorCode::Incomplete);
  failure(world, {root_of(gone)}, &code);
  CHECK(code == ErrorCode::NotFound);
}

TEST_CASE("an image that two bundles list is looked for in the places of both, in any order") {
  SampleWorld world;
  const Reference dead{parse_repository("gone.example/apps/x"), std::nullopt,
                       world.image("n.example/inner", "x").digest};
  const Reference inner = world.bundle("n.example/inner", {dead});
  CHECK(discover({root_of(inner)}, world.opener(), {}, {}).images().size() == 2);
  const Reference outer = world.bundle("o.example/outer", {dead, inner});
  CHECK(discover({root_of(outer)}, world.opener(), {}, {}).images().size() == 3);
}

TEST_CASE("-b requires a bundle, -i an image, and an ImagesLock has no bundles") {
  SampleWorld world;
  const Reference image = world.image("r.example/apps/a", "a");
  const Reference bundle = world.bundle("r.example/bundle", {image});
  CHECK(failure(world, {root_of(image)}).find("Expected bundle image but found plain image") == 0);
  CHECK(failure(world, {root_of(bundle, kImage)}).find("Expected bundle flag") == 0);
  Root listed = root_of(bundle, kImage);
  listed.from_images_lock = true;
  CHECK(failure(world, {listed}).find("Unable to copy bundles using an Images Lock file") == 0);
}

TEST_CASE("an image requested by several tags, or by tag and digest, is one root with all the tags") {
  SampleWorld world;
  const Reference image = world.image("r.example/apps/a", "a");
  const ImageSet both = discover({root_of(image, kImage, "v1"), root_of(image, kImage, "v2")}, world.opener(), {}, {});
  REQUIRE(both.images().size() == 1);
  CHECK(both.images()[0].tags == std::set<std::string>{"v1", "v2"});
  const ImageSet set = discover({root_of(image, kImage), root_of(image, kImage, "v1")}, world.opener(), {}, {});
  REQUIRE(set.images().size() == 1);
  CHECK(set.images()[0].tags == std::set<std::string>{"v1"});
}

TEST_CASE("sources are references or lock files of either kind") {
  const TempDirectory directory(std::filesystem::temp_directory_path(), "discover-test-");
  const std::string path = (directory.path() / "lock.yml").string();
  const std::string digest = sha256("x").text();
  const auto lock = SourceArgument::Kind::Lock;
  write_file_atomically(path,
                        "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\nbundle:\n  image: r.example/a/b@" +
                            digest + "\n  tag: v3\n",
                        0600);
  const auto roots = read_sources({{lock, path}, {kImage, "nginx"}, {kImage, "r.example/a/b:v1@" + digest}});
  REQUIRE(roots.size() == 3);
  CHECK(roots[0].tag == "v3");
  CHECK(roots[1].tag == "latest");
  CHECK_FALSE(roots[2].tag.has_value());
  const auto kept = read_sources({{kImage, "r.example/a/b:v1@" + digest}}, TagBesideDigest::Kept);
  CHECK(kept.front().tag == "v1");
  CHECK(kept.front().reference == Reference::parse("r.example/a/b@" + digest));
  write_file_atomically(path,
                        "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\nbundle:\n  image: r.example/a/b@" +
                            digest + "\n  tag: ../../x\n",
                        0600);
  CHECK_THROWS_AS(static_cast<void>(read_sources({{lock, path}})), Error);
  write_file_atomically(path, "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages: []\n", 0600);
  CHECK_THROWS_AS(static_cast<void>(read_sources({{lock, path}})), Error);
  CHECK_THROWS_AS(static_cast<void>(read_sources({{lock, path + ".absent"}})), Error);
}

TEST_CASE("nested bundles are followed to a depth limit, also those that are reached by a shorter path") {
  SampleWorld world;
  std::vector<Reference> chain = {world.image("r.example/apps/a", "a")};
  for (std::size_t i = 0; i <= limits::kGraphDepth; ++i) {
    chain.push_back(world.bundle("r.example/bundles/b" + std::to_string(i), {chain.back()}));
  }
  CHECK_NOTHROW(static_cast<void>(discover({root_of(chain.back())}, world.opener(), {}, {})));
  chain.push_back(world.bundle("r.example/bundles/last", {chain.back()}));
  const Reference all = world.bundle("r.example/all", chain);
  CHECK(failure(world, {root_of(all)}).find("nested deeper") != std::string::npos);
}

TEST_CASE("the number of images in lock files of one set is limited") {
  CHECK_NOTHROW(check_listed(limits::kGraphNodes));
  CHECK_THROWS_AS(check_listed(limits::kGraphNodes + 1), Error);
}

TEST_CASE("the same tag for two digests is refused") {
  SampleWorld world;
  const Reference one = world.image("r.example/apps/a", "one");
  const Reference other = world.image("r.example/apps/a", "other");
  const std::vector<Root> roots = {root_of(one, kImage, "v1"), root_of(other, kImage, "v1")};
  CHECK_THROWS_AS(static_cast<void>(discover(roots, world.opener(), {}, {})), Error);
}

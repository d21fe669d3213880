#include "ferry/deliver/lock_output.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/fd.hpp"
#include "bundle/locations_image.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "support/index_json.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kLocks = std::string(FIXTURES) + "/imgpkg/locks/";
const std::string kApp = "sha256:ba884ecf3f4a440b8565e08be3edec93b2dc857a32e1ce3a782af34b94eb050e";
const std::string kOther = "sha256:ea334befb1520d84e3aba413641cc3456395a8f662859e081da0fecf4d449310";
const std::string kBundle = "sha256:dca305998449dc8a86b98e3f73dea29f4f4a9480ae4646c655742218bb7e9897";

std::string fixture(const std::string& name) { return read_file(kLocks + name, 1 << 20); }

SetImage set_image(const std::string& repository, const std::string& digest) {
  return {.reference = {parse_repository(repository), std::nullopt, Digest::parse(digest)}};
}

SetImage as_root(SetImage image) {
  image.is_root = true;
  return image;
}

SetImage as_bundle(SetImage image, std::set<std::string> tags = {}) {
  image.is_bundle = true;
  image.tags = std::move(tags);
  return image;
}

std::string lock_of(std::vector<SetImage> images, const std::string& to, std::optional<ImagesLock> asked = {}) {
  const ImageSet set(std::move(images), {});
  return relocated_lock({set, everything_to(parse_repository("localhost:5601/" + to)), true}, asked);
}

}  // namespace

TEST_CASE("lock files of a copy have the same bytes as imgpkg's") {
  const SetImage app = set_image("localhost:5601/apps/simple-app", kApp);
  const SetImage outer = set_image("localhost:5601/bundles/outer", kBundle);
  CHECK(lock_of({as_root(app)}, "ci/a2") == fixture("copy-lock-output-lo1.yml"));
  CHECK(lock_of({as_root(as_bundle(outer)), app}, "ci/e") == fixture("copy-lock-output-lo3.yml"));
  CHECK(lock_of({as_root(as_bundle(outer, {"relv2"})), app}, "ci/bl") == fixture("copy-lock-output-lo6.yml"));
}

TEST_CASE("a new lock file is readable by its owner only, and a replaced one keeps its mode, as with imgpkg") {
  const TempDirectory directory(std::filesystem::temp_directory_path(), "lock-output-");
  const std::filesystem::path path = directory.path() / "lock.yml";
  const auto mode = [&] { return static_cast<unsigned>(std::filesystem::status(path).permissions()); };
  write_lock_file(path, "one");
  CHECK(mode() == 0600);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  write_lock_file(path, "two");
  CHECK(mode() == 0640);
  CHECK(read_file(path, 10) == "two");
}

TEST_CASE("an ImagesLock that was requested keeps its order and annotations, byte for byte as imgpkg writes them") {
  const auto asked = ImagesLock::parse(fixture("copy-lock-input-lkl.yml"));
  const std::string expected = fixture("copy-lock-output-lklo.yml");
  const auto begin = expected.find("localhost:5601/") + 15;
  const std::string to = expected.substr(begin, expected.find('@', begin) - begin);
  CHECK(lock_of({as_root(set_image("localhost:5601/apps/simple-app", kApp))}, to, asked) == expected);

  const std::string two =
      "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n"
      "- image: z.example/app@" +
      kApp + "\n  annotations: {x: \"y\"}\n- image: a.example/app@" + kOther + "\n";
  const SetImage z = set_image("z.example/app", kApp);
  const SetImage a = set_image("a.example/app", kOther);
  CHECK(lock_of({as_root(z), as_root(a)}, "ci/il", ImagesLock::parse(two)) == fixture("copy-lock-output-lo4.yml"));
}

TEST_CASE("images are listed in the order of their original references, without what is attached to them") {
  SetImage signature = set_image("a.example/app", kBundle);
  signature.is_referrer = true;
  const std::string lock =
      lock_of({as_root(set_image("b.example/app", kApp)), set_image("a.example/app", kOther), signature}, "to");
  CHECK(lock.find(kOther) < lock.find(kApp));
  CHECK(lock.find(kBundle) == std::string::npos);
}

TEST_CASE("without exactly one root bundle a lock file is refused") {
  const SetImage outer = as_bundle(set_image("r.example/outer", kBundle));
  const SetImage app = set_image("r.example/app", kApp);
  for (const std::vector<SetImage>& images :
       {std::vector{outer, app}, std::vector{as_root(outer), as_root(app)}, std::vector{outer, as_root(app)}}) {
    CHECK_THROWS_AS(static_cast<void>(lock_of(images, "to")), Error);
  }
}

TEST_CASE("one digest under two references gives the same archive, locations and lock, however it is found") {
  SampleWorld world;
  const Reference first = world.image("b.example/apps/one", "same");
  const Reference second = world.image("a.example/apps/two", "same");
  const Reference other = world.image("c.example/apps/other", "other");
  REQUIRE(first.digest == second.digest);
  const Reference inner = world.bundle("n.example/inner", {second, other});
  const Reference outer = world.bundle("o.example/outer", {first, inner, second, other, first});
  std::set<std::string> indexes;
  std::set<std::string> locations;
  std::set<std::string> locks;
  std::vector<Root> roots{root_of(outer), root_of(inner), root_of(first, SourceArgument::Kind::Image),
                          root_of(second, SourceArgument::Kind::Image)};
  for (std::size_t run = 0; run < 24; ++run) {
    // Without the image as a root of its own, the names in the lock files decide.
    std::vector<Root> asked(roots.begin(), roots.begin() + (run % 2 == 0 ? 4 : 2));
    std::rotate(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(run / 2 % asked.size()), asked.end());
    const ImageSet set = discover(asked, world.opener(), {}, {.jobs = 1 + run % 4});
    indexes.insert(std::to_string(run % 2) + testing::index_of(archive_contents(set, {}).items));
    locations.insert(
        to_seed_yaml(PlacedSet(set, everything_to({"d.example", "to"}), true).locations_of(*set.find(*outer.digest))));
    const ImageSet images = discover({asked.size() == 4 ? roots[2] : roots[3], roots[3], roots[2]}, world.opener(), {},
                                     {.jobs = 1 + run % 4});
    locks.insert(relocated_lock({images, everything_to(parse_repository("d.example/to")), true}, std::nullopt));
  }
  CHECK(indexes.size() == 2);
  CHECK(locations.size() == 1);
  CHECK(locations.begin()->find("a.example/apps/two") != std::string::npos);
  CHECK(locks.size() == 1);
}

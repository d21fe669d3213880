#include <doctest/doctest.h>

#include <algorithm>

#include "layout/sealed/archive_index.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Export, import, inspect and verify against a real registry, with skopeo and umoci as judges of the archive.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A bundle with every kind of image in it, and a bundle in the bundle.
struct Cargo {
  Image docker = make_image({.family = ImageFamily::Docker, .layers = {{.size = 5000, .seed = 11}}});
  Image oci = make_image({.layers = {{.size = 3000, .seed = 12, .compression = LayerCompression::Zstd},
                                     {.size = 4000, .seed = 13, .compression = LayerCompression::None}}});
  Image index = make_index({make_image({.layers = {{.seed = 14}}}),
                            make_image({.layers = {{.seed = 15}}, .platform = {"linux", "arm64", "v8", ""}})});
  Image nested_index = make_index({index, docker});
  Reference inner;
  Reference outer;

  explicit Cargo(World& world) {
    const Reference a = push_image(world.outside, "apps/docker", docker, "v1");
    const Reference b = push_image(world.outside, "apps/oci", oci, "v1");
    const Reference c = push_image(world.outside, "apps/multi", nested_index, "v1");
    inner = world.push_bundle("bundles/inner", {b, c});
    outer = world.push_bundle("bundles/outer", {a, inner, b});
  }
};

std::string sha256_of_file(const std::filesystem::path& path) { return sha256(read_text(path)).text(); }

void flip(const std::filesystem::path& path, std::uint64_t at) {
  std::string content = read_text(path);
  content[at] = static_cast<char>(content[at] ^ 0x10);
  write_text(path, content);
}

}  // namespace

TEST_CASE("two exports are equal byte for byte, for any number of jobs") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "one.tar", "--jobs", "1"});
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "sixteen.tar", "--jobs", "16"});
  world.succeed({"copy", "-b", world.outside_ref("bundles/outer"), "--to-tar", "copied.tar", "--concurrency", "3"});
  CHECK(sha256_of_file(world.path("one.tar")) == sha256_of_file(world.path("sixteen.tar")));
  CHECK(sha256_of_file(world.path("one.tar")) == sha256_of_file(world.path("copied.tar")));
  CHECK_FALSE(std::filesystem::exists(world.path("one.tar.partial")));
}

TEST_CASE("skopeo lists and copies images and a locations image out of an archive, and umoci unpacks one") {
  if (lacks({"docker-registry", "skopeo", "umoci", "tar"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  const std::string archive = "oci-archive:" + world.path("a.tar").string() + ":";

  const auto inspect_raw = [&](const std::string& name) {
    return run_or_throw({.arguments = {"skopeo", "inspect", "--raw", archive + name}});
  };
  CHECK(inspect_raw(image_tag(cargo.oci.descriptor.digest)) == cargo.oci.manifests.back().bytes);
  CHECK(inspect_raw(image_tag(cargo.nested_index.descriptor.digest)) == cargo.nested_index.manifests.back().bytes);
  CHECK(inspect_raw(locations_tag(*cargo.outer.digest)).find(media_type::kDockerLayerGzip) != std::string::npos);

  // The archive's names are the tags of a repository. (skopeo 1.9 sees OCI manifests in a layout only.)
  for (const std::string& name : {image_tag(cargo.oci.descriptor.digest), locations_tag(*cargo.outer.digest)}) {
    run_or_throw({.arguments = {"skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", archive + name,
                                "docker://" + world.inside_repo("by/skopeo") + ":" + name}});
  }
  CHECK(world.locations(world.inside, "by/skopeo", *cargo.outer.digest, "image-locations.yml")
            .find(to_string(Reference{cargo.inner.name, std::nullopt, cargo.inner.digest})) != std::string::npos);

  const std::filesystem::path layout = world.path("layout");
  std::filesystem::create_directory(layout);
  run_or_throw({.arguments = {"tar", "-xf", world.path("a.tar").string(), "-C", layout.string()}});
  const std::string listed = run_or_throw({.arguments = {"umoci", "ls", "--layout", layout.string()}});
  CHECK(listed.find(image_tag(cargo.index.descriptor.digest)) == std::string::npos);  // only a child of an index
  CHECK(listed.find(image_tag(cargo.nested_index.descriptor.digest)) != std::string::npos);
  CHECK(listed.find(locations_tag(*cargo.inner.digest)) != std::string::npos);
  const Image gzipped = make_image({.layers = {{.size = 2000, .seed = 77}}});
  const Reference plain = push_image(world.outside, "apps/gzipped", gzipped, "v2");
  world.succeed({"export", "-i", to_string(plain.name) + ":v2", "-o", "b.tar"});
  std::filesystem::create_directory(world.path("layout2"));
  run_or_throw({.arguments = {"tar", "-xf", world.path("b.tar").string(), "-C", world.path("layout2").string()}});
  run_or_throw({.arguments = {"umoci", "raw", "unpack", "--rootless", "--image", world.path("layout2").string() + ":v2",
                              world.path("rootfs").string()}});
  CHECK_FALSE(std::filesystem::is_empty(world.path("rootfs")));
}

TEST_CASE("import needs no other registry, puts every image under its tag, and writes nothing the second time") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  world.outside.stop();
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("far/away"), "--lock-output", "lock.yml"});

  const std::vector<std::string> tags = World::tags(world.inside, "far/away");
  for (const Digest& digest : {*cargo.outer.digest, *cargo.inner.digest, cargo.docker.descriptor.digest,
                               cargo.oci.descriptor.digest, cargo.nested_index.descriptor.digest}) {
    CHECK(std::ranges::count(tags, image_tag(digest)) == 1);
  }
  CHECK(std::ranges::count(tags, locations_tag(*cargo.outer.digest)) == 1);
  CHECK(std::ranges::count(tags, locations_tag(*cargo.inner.digest)) == 1);
  CHECK(std::ranges::count(tags, "v1") == 1);
  CHECK(read_text(world.path("lock.yml")) ==
        "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nbundle:\n  image: " + world.inside_repo("far/away") + "@" +
            cargo.outer.digest->text() + "\n  tag: v1\nkind: BundleLock\n");
  for (const Image* image : {&cargo.docker, &cargo.oci, &cargo.nested_index, &cargo.index}) {
    const HttpAnswer answer = world.inside.request("GET", "/v2/far/away/manifests/" + image->descriptor.digest.text(),
                                                   {"Accept: " + image->descriptor.media_type});
    CHECK(answer.body == image->manifests.back().bytes);
  }

  world.inside.forget_requests();
  const std::string out = world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("far/away")});
  CHECK(writes(world.inside).empty());
  CHECK(out.find("Nothing to do") == 0);
}

TEST_CASE("an import that was cut short is finished by the next one, which uploads only what is missing") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("far/away")});
  (void)world.inside.request("DELETE", "/v2/far/away/manifests/" + cargo.outer.digest->text());
  REQUIRE(std::ranges::count(World::tags(world.inside, "far/away"), "v1") == 0);
  world.inside.forget_requests();
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("far/away")});
  CHECK(writes(world.inside, "/blobs/").empty());
  CHECK(std::ranges::count(World::tags(world.inside, "far/away"), "v1") == 1);
}

TEST_CASE("import refuses an archive with a flipped byte, names its place, and writes no manifest and no tag") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "good.tar"});
  ArchiveReader reader(world.path("good.tar"));
  const std::string good = read_text(world.path("good.tar"));
  struct Spot {
    std::string what;
    std::uint64_t at;
  };
  std::vector<Spot> spots = {{"end", reader.plan().total_bytes - 700}};
  for (const ArchiveMember& member : reader.plan().members) {
    spots.push_back({member.name(), member.header_offset + 110});
    if (member.size > 0) spots.push_back({member.name(), member.offset + member.size / 2});
    if (member.end() > member.offset + member.size) spots.push_back({member.name(), member.end() - 1});
  }
  for (std::size_t i = 0; i < spots.size(); ++i) {
    const Spot& spot = spots[i];
    write_text(world.path("bad.tar"), good);
    flip(world.path("bad.tar"), spot.at);
    INFO(spot.what << " at " << spot.at);
    // A new repository each time: what a registry has already, an import does not even read.
    const std::string to = "dest" + std::to_string(i);
    world.inside.forget_requests();
    world.fail(10, {"import", "bad.tar", "--to-repo", world.inside_repo(to), "--verify-first"});
    CHECK(writes(world.inside).empty());
    const std::string error = world.fail(10, {"import", "bad.tar", "--to-repo", world.inside_repo(to)});
    CHECK(error.find("bad.tar") != std::string::npos);
    CHECK(error.find("offset") != std::string::npos);
    world.fail(10, {"verify", "bad.tar"});
    CHECK(writes(world.inside, "/manifests/").empty());
    world.inside.stop();  // an upload that was broken off may be logged late: let it end before the next round
    world.inside.start();
  }
}

TEST_CASE("an archive that lacks an image of a lock file, though its seal is right, is refused unwritten") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  // Made by hand: the same blobs and a right seal, but index.json leaves an image out.
  ArchiveReader reader(world.path("a.tar"));
  std::vector<ArchiveItem> items = reader.items();
  std::erase_if(items, [&](const ArchiveItem& item) { return item.descriptor.digest == cargo.oci.descriptor.digest; });
  const ArchivePlan plan = plan_archive(items, reader.blobs());
  const std::string good = read_text(world.path("a.tar"));
  std::string forged(plan.total_bytes, '\0');
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    const ArchiveMember& member = plan.members[i];
    forged.replace(member.header_offset, member.header().size(), member.header());
    const std::string_view content = i < plan.files()
                                         ? std::string_view(plan.front[i].content)
                                         : std::string_view(good).substr(reader.plan().members[i].offset, member.size);
    forged.replace(member.offset, member.size, content);
  }
  write_text(world.path("forged.tar"), forged);
  const std::string error = world.fail(11, {"import", "forged.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(error.find(cargo.oci.descriptor.digest.text()) != std::string::npos);
  CHECK(writes(world.inside).empty());
  world.fail(11, {"verify", "forged.tar"});
}

TEST_CASE("images that are missing at the source are all listed, and no archive is left") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference there = push_image(world.outside, "apps/there", make_image(), "v1");
  Reference gone = there;
  gone.name.repository = "apps/gone";
  gone.digest = sha256("gone");
  Reference lost = gone;
  lost.digest = sha256("lost");
  world.push_bundle("bundles/broken", {gone, there, lost});
  const std::string error = world.fail(11, {"export", "-b", world.outside_ref("bundles/broken"), "-o", "a.tar"});
  CHECK(error.find(gone.digest->text()) != std::string::npos);
  CHECK(error.find(lost.digest->text()) != std::string::npos);
  CHECK(error.find(there.digest->text()) == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar.partial")));
}

TEST_CASE("a layer that is missing at the source leaves no archive, and the same command continues when it is back") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Image image = make_image({.layers = {{.size = 100'000, .seed = 1}, {.size = 200'000, .seed = 2}}});
  const Reference app = push_image(world.outside, "apps/app", image, "v1");
  const Digest lost = layers_of(image).back().digest;
  lose_blob(world.outside, lost);
  const std::string error = world.fail(11, {"export", "-i", world.outside_ref("apps/app"), "-o", "a.tar"});
  CHECK(error.find(lost.text()) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));
  world.outside.stop();
  world.outside.start();
  push_image(world.outside, "apps/app", image, "v1");
  world.outside.forget_requests();
  world.succeed({"export", "-i", world.outside_ref("apps/app"), "-o", "a.tar"});
  const auto requests = world.outside.requests();
  CHECK(std::ranges::none_of(requests, [&](const LoggedRequest& request) {
    return request.path.find(layers_of(image).front().digest.text()) != std::string::npos;
  }));
  world.succeed({"verify", "a.tar"});
}

TEST_CASE("import refuses two roots with the same tag, and names the option that helps") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference a = push_image(world.outside, "apps/a", make_image({.layers = {{.seed = 1}}}), "v1");
  const Reference b = push_image(world.outside, "apps/b", make_image({.layers = {{.seed = 2}}}), "v1");
  const Reference bundle = world.push_bundle("bundles/empty", {});
  world.succeed({"export", "-i", world.outside_ref("apps/b"), "-b", world.outside_ref("bundles/empty"), "-i",
                 world.outside_ref("apps/a"), "-o", "a.tar"});
  world.succeed({"export", "-i", world.outside_ref("apps/a"), "-i", world.outside_ref("apps/b"), "-b",
                 world.outside_ref("bundles/empty"), "-o", "b.tar"});
  CHECK(sha256_of_file(world.path("a.tar")) == sha256_of_file(world.path("b.tar")));

  const std::string error = world.fail(1, {"import", "a.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(error.find("--no-root-tags") != std::string::npos);
  CHECK(world.inside.requests().empty());
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("dest"), "--no-root-tags"});
  const auto tags = World::tags(world.inside, "dest");
  CHECK(std::ranges::count(tags, "v1") == 0);
  for (const Reference& root : {a, b, bundle}) CHECK(std::ranges::count(tags, image_tag(*root.digest)) == 1);
}

TEST_CASE("images from several registries, named by lock files, end in one repository") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  RegistryServer third;
  const Reference a = push_image(world.outside, "apps/a", make_image({.layers = {{.seed = 1}}}), "v1");
  const Reference b = push_image(third, "elsewhere/b", make_image({.layers = {{.seed = 2}}}), "v1");
  const Reference bundle = world.push_bundle("bundles/both", {a, b});
  write_text(world.path("bundle.lock.yml"),
             "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\nbundle:\n  image: " +
                 to_string(Reference{bundle.name, std::nullopt, bundle.digest}) + "\n  tag: v7\n");
  write_text(world.path("images.lock.yml"),
             "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " +
                 to_string(Reference{b.name, std::nullopt, b.digest}) + "\n  annotations: {note: kept}\n");
  world.succeed({"export", "--lock", "bundle.lock.yml", "-o", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("all")});
  CHECK(std::ranges::count(World::tags(world.inside, "all"), "v7") == 1);
  CHECK(world.locations(world.inside, "all", *bundle.digest) == seed_yaml([&] {
          std::vector<ExpectedLocation> expected = {
              {to_string(Reference{a.name, std::nullopt, a.digest}), "all", false},
              {to_string(Reference{b.name, std::nullopt, b.digest}), "all", false}};
          std::ranges::sort(expected, {}, &ExpectedLocation::image);
          return expected;
        }()));
  world.succeed(
      {"copy", "--lock", "images.lock.yml", "--to-repo", world.inside_repo("some"), "--lock-output", "out.yml"});
  CHECK(read_text(world.path("out.yml")) ==
        "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nimages:\n- annotations:\n    note: kept\n  image: " +
            world.inside_repo("some") + "@" + b.digest->text() + "\nkind: ImagesLock\n");
}

TEST_CASE("inspect shows the bundle tree, platforms, sizes and locations, as text and as JSON, without a network") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Cargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  world.outside.stop();
  const std::string text = world.succeed({"inspect", "a.tar"});
  CHECK(text.find("5 images (2 bundles)") != std::string::npos);
  CHECK(text.find("\n  bundle " + to_string(cargo.inner.name)) != std::string::npos);
  CHECK(text.find("linux/arm64/v8") == std::string::npos);  // two levels down: the nested index names its own children
  const Json json = Json::parse(world.succeed({"inspect", "a.tar", "--json"}), "inspect");
  const auto& images = *json.find("images")->as_array();
  REQUIRE(images.size() == 5);
  CHECK(images[0].string_at("digest") == cargo.outer.digest->text());
  CHECK(*images[0].find("tags") == Json(Json::Array{Json("v1")}));
  CHECK(images[0].find("images")->as_array()->size() == 3);
  const Json* files = images[0].find("locations")->find("files");
  CHECK(files->string_at("images-locations.yml").find("repository:") == std::string::npos);
  CHECK(files->string_at("image-locations.yml").find("isBundle: true") != std::string::npos);
}

TEST_CASE("an image shared by three bundles is in the archive once and in each bundle's locations") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference shared = push_image(world.outside, "apps/shared", make_image(), "v1");
  const Reference one = world.push_bundle("bundles/one", {shared});
  const Reference two = world.push_bundle("bundles/two", {shared, one});
  const Reference three = world.push_bundle("bundles/three", {two, one, shared});
  world.succeed({"export", "-b", world.outside_ref("bundles/three"), "-o", "a.tar"});
  ArchiveReader reader(world.path("a.tar"));
  CHECK(std::ranges::count(reader.blobs(), *shared.digest, &Descriptor::digest) == 1);
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("dest")});
  for (const Reference& bundle : {one, two, three}) {
    CHECK(world.locations(world.inside, "dest", *bundle.digest).find(shared.digest->text()) != std::string::npos);
  }
  world.succeed({"pull", "-b", world.inside_repo("dest") + ":v1", "-r", "-o", "pulled"});
  CHECK(std::filesystem::exists(world.path("pulled/.imgpkg/bundles") / ("sha256-" + std::string(one.digest->hex())) /
                                ".imgpkg/images.yml"));
  CHECK(std::filesystem::exists(world.path("pulled/.imgpkg/bundles") / ("sha256-" + std::string(two.digest->hex()))));
}

TEST_CASE("a bundle with an empty lock travels, and its locations image is empty") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Reference bundle = world.push_bundle("bundles/empty", {});
  world.succeed({"export", "-b", world.outside_ref("bundles/empty"), "-o", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(world.locations(world.inside, "dest", *bundle.digest, "image-locations.yml").find("images: null") !=
        std::string::npos);
  world.succeed({"pull", "-b", world.inside_repo("dest") + ":v1", "-o", "pulled"});
}

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Layouts and docker-save archives that skopeo and umoci wrote, put into a registry.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Copies with skopeo from the registry outside; `to` names a path in the directory that ociferry runs in.
void skopeo_copy(World& world, const std::string& from, const std::string& transport, const std::string& to) {
  run_or_throw({.arguments = {"skopeo", "copy", "--all", "--src-tls-verify=false",
                              "docker://" + world.outside.host() + "/" + from, transport + ":" + to},
                .directory = world.path("")});
}

std::string manifest_at(const RegistryServer& registry, const std::string& repository, const std::string& tag) {
  const HttpAnswer answer = registry.request(
      "GET", "/v2/" + repository + "/manifests/" + tag,
      {"Accept: application/vnd.oci.image.manifest.v1+json", "Accept: application/vnd.oci.image.index.v1+json",
       "Accept: application/vnd.docker.distribution.manifest.v2+json"});
  return answer.status == 200 ? answer.body : "";
}

/// Whatever is in "<inside>/<repository>:<tag>" can be read by skopeo, every blob and all.
void check_readable(World& world, const std::string& repository, const std::string& tag) {
  run_or_throw(
      {.arguments = {"skopeo", "copy", "--all", "--src-tls-verify=false",
                     "docker://" + world.inside_repo(repository) + ":" + tag, "dir:" + world.path("read").string()}});
}

}  // namespace

TEST_CASE("import of a layout directory and an OCI archive by skopeo keeps tags, bytes and children") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Image index = make_index({make_image({.layers = {{.seed = 1}}}),
                                  make_image({.layers = {{.seed = 2}}, .platform = {"linux", "arm64", "v8", ""}})});
  push_image(world.outside, "apps/multi", index, "v1");
  push_image(world.outside, "apps/one", make_image({.layers = {{.seed = 3}}}), "v1");
  skopeo_copy(world, "apps/multi:v1", "oci", "layout:multi");
  skopeo_copy(world, "apps/one:v1", "oci", "layout:one");
  skopeo_copy(world, "apps/multi:v1", "oci-archive", "archive.tar:v7");

  world.succeed({"import", "layout", "--to-repo", world.inside_repo("layout")});
  CHECK(manifest_at(world.inside, "layout", "multi") == index.manifests.back().bytes);
  check_readable(world, "layout", "multi");
  check_readable(world, "layout", "one");
  world.succeed({"import", "archive.tar", "--to-repo", world.inside_repo("archive")});
  CHECK(manifest_at(world.inside, "archive", "v7") == index.manifests.back().bytes);
  check_readable(world, "archive", "v7");
  CHECK(world.succeed({"verify", "layout"}).find("unsealed OCI image layout") != std::string::npos);
}

TEST_CASE("a layout in a tar whose blobs are a link to another directory of the tar is read there") {
  if (lacks({"docker-registry", "tar"})) return;
  World world;
  const Image image = make_image({.layers = {{.size = 3000, .seed = 1}}});
  push_image(world.outside, "apps/app", image, "v1");
  world.succeed({"export", "-i", world.outside_ref("apps/app"), "-o", "a.tar"});
  run_or_throw({.arguments = {"sh", "-c",
                              "mkdir -p app && tar -C app -xf a.tar && rm app/ociferry.json && mkdir store && "
                              "mv app/blobs store/blobs && ln -s ../store/blobs app/blobs && "
                              "tar -cf linked.tar app store"},
                .directory = world.path("")});
  world.succeed({"verify", "linked.tar"});
  world.succeed({"import", "linked.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(sha256(manifest_at(world.inside, "dest", "v1")) == image.descriptor.digest);
}

TEST_CASE("a layout that tar packed with ./ in front of every name is the same archive as the directory") {
  if (lacks({"tar"})) return;
  const Ociferry ociferry(OCIFERRY_BINARY);
  write_layout(make_image(), ociferry.home() / "layout", "v1");
  run_or_throw({.arguments = {"tar", "-cf", "../packed.tar", "."}, .directory = ociferry.home() / "layout"});
  run_or_throw({.arguments = {"tar", "--format=pax", "-cf", "../pax.tar", "./index.json", "./oci-layout", "./blobs"},
                .directory = ociferry.home() / "layout"});
  std::vector<std::string> converted;
  for (const std::string& from : {std::string("layout"), std::string("packed.tar"), std::string("pax.tar")}) {
    const Outcome outcome = ociferry.run({"copy", "--tar", from, "--to-tar", "new.tar"});
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    converted.push_back(read_text(ociferry.home() / "new.tar"));
  }
  CHECK(converted[0] == converted[1]);
  CHECK(converted[0] == converted[2]);
  CHECK(ociferry.run({"verify", "new.tar"}).exit_code == 0);
}

TEST_CASE("import from a layout makes new locations for a bundle, and refuses a bundle whose images are absent") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Image app = make_image({.layers = {{.seed = 5}}});
  const Reference image = push_image(world.outside, "apps/one", app, "v1");
  const Reference bundle = world.push_bundle("bundles/b", {image});
  skopeo_copy(world, "bundles/b:v1", "oci", "layout:v1");
  const std::string said = world.fail(11, {"import", "layout", "--to-repo", world.inside_repo("dest")});
  CHECK(said.find("1 images are missing") != std::string::npos);
  CHECK(said.find(image.digest->text()) != std::string::npos);
  CHECK(World::tags(world.inside, "dest").empty());

  // skopeo makes an OCI manifest of the bundle's, so the bundle has another digest in the layout, but the same lock.
  skopeo_copy(world, "apps/one:v1", "oci", "layout:app");
  world.succeed({"import", "layout", "--to-repo", world.inside_repo("dest")});
  world.succeed({"pull", "-b", world.inside_repo("dest") + ":v1", "-o", "pulled"});
  CHECK(
      read_text(world.path("pulled/.imgpkg/images.yml")).find(world.inside_repo("dest") + "@" + image.digest->text()) !=
      std::string::npos);
  const auto tags = World::tags(world.inside, "dest");
  CHECK(std::ranges::count_if(tags, [](const std::string& tag) { return tag.ends_with(".image-locations.imgpkg"); }) ==
        1);
}

TEST_CASE("an archive of ours that was unpacked keeps the names and roots it had") {
  if (lacks({"docker-registry", "tar"})) return;
  World world;
  const Reference image = push_image(world.outside, "apps/one", make_image(), "v1");
  world.push_bundle("bundles/b", {image});
  // The image has no tag then, and that it is a root as well is said by nothing but its entry.
  world.succeed({"export", "-b", world.outside_ref("bundles/b"), "-i", to_string(image), "-o", "a.tar"});
  std::filesystem::create_directory(world.path("unpacked"));
  run_or_throw({.arguments = {"tar", "-xf", "../a.tar"}, .directory = world.path("unpacked")});
  world.succeed({"copy", "--tar", "unpacked", "--to-tar", "b.tar"});
  CHECK(read_text(world.path("a.tar")) == read_text(world.path("b.tar")));
  world.succeed({"copy", "--tar", "a.tar", "--to-tar", "c.tar"});
  CHECK(read_text(world.path("a.tar")) == read_text(world.path("c.tar")));
  run_or_throw({.arguments = {"tar", "-cf", "../again.tar", "."}, .directory = world.path("unpacked")});
  // Whatever order, owners and times another program gives the members.
  run_or_throw({.arguments = {"sh", "-c", "tar -cf ../same-order.tar $(tar -tf ../a.tar)"},
                .directory = world.path("unpacked")});
  run_or_throw(
      {.arguments = {"tar", "--owner=7", "--mtime=@5", "-cf", "folder.tar", "unpacked"}, .directory = world.path("")});
  for (const std::string archive : {"again.tar", "same-order.tar", "folder.tar"}) {
    INFO(archive);
    const Outcome outcome = world.ociferry.run({"verify", archive});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.find("its seal (ociferry.json) no longer holds") != std::string::npos);
    world.succeed({"copy", "--tar", archive, "--to-tar", "d.tar"});
    CHECK(read_text(world.path("a.tar")) == read_text(world.path("d.tar")));
  }
}

TEST_CASE("import of a docker-save archive keeps its tag and its uncompressed layers") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  push_image(world.outside, "apps/one",
             make_image({.family = ImageFamily::Docker, .layers = {{.seed = 8}, {.seed = 9}}}), "v1");
  skopeo_copy(world, "apps/one:v1", "docker-archive", "saved.tar:registry.example/apps/one:v3");
  world.succeed({"import", "saved.tar", "--to-repo", world.inside_repo("saved")});
  check_readable(world, "saved", "v3");
  const Json manifest = Json::parse(manifest_at(world.inside, "saved", "v3"), "manifest");
  REQUIRE(manifest.find("layers")->as_array()->size() == 2);
  CHECK(manifest.find("layers")->as_array()->front().string_at("mediaType") == media_type::kDockerLayer);
  CHECK(world.succeed({"inspect", "saved.tar"}).find("image registry.example/apps/one@sha256:") != std::string::npos);
  world.succeed({"copy", "--tar", "saved.tar", "--to-tar", "new.tar"});
  world.succeed({"verify", "new.tar"});
}

TEST_CASE("import of a layout by umoci keeps every tag") {
  if (lacks({"docker-registry", "umoci", "skopeo"})) return;
  World world;
  const auto umoci = [&](const Words& words) {
    Words all = {"umoci"};
    all.insert(all.end(), words.begin(), words.end());
    run_or_throw({.arguments = all, .directory = world.path("")});
  };
  umoci({"init", "--layout", "made"});
  umoci({"new", "--image", "made:empty"});
  umoci({"tag", "--image", "made:empty", "alias"});
  umoci({"unpack", "--rootless", "--image", "made:empty", "bundle"});
  write_text(world.path("bundle/rootfs/file"), "content");
  umoci({"repack", "--image", "made:full", "bundle"});
  world.succeed({"import", "made", "--to-repo", world.inside_repo("made")});
  for (const char* tag : {"empty", "alias", "full"}) CHECK_FALSE(manifest_at(world.inside, "made", tag).empty());
  CHECK(manifest_at(world.inside, "made", "empty") == manifest_at(world.inside, "made", "alias"));
  check_readable(world, "made", "full");
}

TEST_CASE("a directory that is not a layout is refused before its files are read") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  write_text(world.path("secret.json"), "{}");
  write_text(world.path("evil/manifest.json"),
             R"([{"Config":")" + world.path("secret.json").string() + R"(","RepoTags":["x/y:v1"],"Layers":[]}])");
  world.inside.forget_requests();
  CHECK(world.fail(13, {"import", "evil", "--to-repo", world.inside_repo("dest")}).find("image layouts") !=
        std::string::npos);
  CHECK(writes(world.inside).empty());
}

TEST_CASE("a layer that is damaged in another tool's archive is found before anything is written") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Image image = make_image({.layers = {{.size = 100'000, .seed = 21}}});
  push_image(world.outside, "apps/one", image, "v1");
  skopeo_copy(world, "apps/one:v1", "oci-archive", "a.tar:v1");
  std::string tar = read_text(world.path("a.tar"));
  const auto at = tar.find(image.blobs.at(layers_of(image).front().digest).substr(1000, 100));
  REQUIRE(at != std::string::npos);
  tar[at] = static_cast<char>(tar[at] ^ 1);
  write_text(world.path("a.tar"), tar);
  world.inside.forget_requests();
  world.fail(10, {"import", "a.tar", "--to-repo", world.inside_repo("dest")});
  CHECK(writes(world.inside).empty());
  CHECK(world.fail(10, {"verify", "a.tar"})
            .find("; needed by unnamed.invalid/image@" + image.descriptor.digest.text() + " (v1)") !=
        std::string::npos);
}

TEST_CASE("a compressed archive is read through a temporary file, in the sandbox too") {
  if (lacks({"gzip", "zstd", "xz"})) return;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::filesystem::path temporary = ociferry.home() / "tmp";
  std::filesystem::create_directory(temporary);
  write_layout(make_image(), ociferry.home() / "layout", "v1");
  run_or_throw({.arguments = {"tar", "-cf", "a.tar", "layout"}, .directory = ociferry.home()});
  run_or_throw(
      {.arguments = {"sh", "-c", "gzip -c a.tar > haul; zstd -qc a.tar > haul.tar.zst; xz -c a.tar > a.tar.xz"},
       .directory = ociferry.home()});
  const Variables place = {{"TMPDIR", temporary.string()}};
  for (const std::string packed : {"haul", "haul.tar.zst"}) {
    const Outcome outcome = ociferry.run({"verify", packed}, place);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.find("a temporary file in " + temporary.string()) != std::string::npos);
    CHECK(std::filesystem::is_empty(temporary));
    CHECK(ociferry.run({"copy", "--tar", packed, "--to-tar", "new.tar"}, place).exit_code == 0);
  }
  const Outcome nowhere = ociferry.run({"verify", "haul"}, {{"TMPDIR", "/nowhere"}});
  CHECK(nowhere.exit_code != 0);
  CHECK(nowhere.err.find("temporary files") != std::string::npos);
  const Outcome xz = ociferry.run({"verify", "a.tar.xz"}, place);
  CHECK(xz.exit_code == 13);
  const std::string command = "xz -dc < a.tar.xz > a.tar";
  CHECK(xz.err.find(command) != std::string::npos);
  run_or_throw({.arguments = {"sh", "-c", command}, .directory = ociferry.home()});
  CHECK(ociferry.run({"verify", "a.tar"}).exit_code == 0);
}

TEST_CASE("a signature of cosign save is put at its tag beside the image") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  const Image image = make_image();
  write_layout(image, world.path("saved"), "v1");
  const auto write_blob = [&](const std::string& bytes) {
    const Digest digest = sha256(bytes);
    write_text(world.path("saved") / "blobs/sha256" / digest.hex(), bytes);
    return Descriptor{.media_type = {}, .digest = digest, .size = bytes.size()};
  };
  const auto described = [](const Descriptor& blob, const std::string& type) {
    return text::cat(R"({"mediaType":")", type, R"(","digest":")", blob.digest.text(), R"(","size":)", blob.size);
  };
  const Descriptor payload = write_blob(
      text::cat(R"({"critical":{"image":{"docker-manifest-digest":")", image.descriptor.digest.text(), R"("}}})"));
  const Descriptor manifest =
      write_blob(text::cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)",
                           described(write_blob("{}"), "application/vnd.oci.image.config.v1+json"), R"(},"layers":[)",
                           described(payload, "application/vnd.dev.cosign.simplesigning.v1+json"), "}]}"));
  const auto entry = [&](const Descriptor& blob, const std::string& kind) {
    return text::cat(described(blob, "application/vnd.oci.image.manifest.v1+json"),
                     R"(,"annotations":{"kind":"dev.cosignproject.cosign/)", kind,
                     R"(","org.opencontainers.image.ref.name":"team/shell:v0.1"}})");
  };
  write_text(world.path("saved/index.json"),
             text::cat(R"({"schemaVersion":2,"manifests":[)", entry(image.descriptor, "image"), ",",
                       entry(manifest, "sigs"), "]}"));
  world.succeed({"import", "saved", "--to-repo", world.inside_repo("signed")});
  const auto tags = World::tags(world.inside, "signed");
  for (const std::string& tag : {attachment_tag(image.descriptor.digest, "sig"), std::string("v0.1")}) {
    INFO(tag);
    CHECK(std::ranges::find(tags, tag) != tags.end());
  }
}

TEST_CASE("import of an archive that podman saved with several images keeps their tags") {
  if (lacks({"docker-registry", "skopeo"})) return;
  World world;
  world.succeed({"import", FIXTURES "/podman-4.3.1/save-m.tar", "--to-repo", world.inside_repo("many")});
  world.succeed({"import", FIXTURES "/podman-4.3.1/save-oci-archive.tar", "--to-repo", world.inside_repo("oci")});
  for (const char* tag : {"v1", "v2"}) check_readable(world, "many", tag);
  check_readable(world, "oci", "v1");

  // podman calls what it builds localhost/NAME: that is no part of a name elsewhere, and podman finds it again.
  world.succeed({"copy", "--tar", FIXTURES "/podman-4.3.1/save-m.tar", "--to-tar", "sealed.tar"});
  world.succeed({"import", "sealed.tar", "--to-registry", world.inside.host() + "/built"});
  check_readable(world, "built/team/one", "v1");
  check_readable(world, "built/team/two", "v2");
  const std::string index =
      run_or_throw({.arguments = {"tar", "-xOf", "sealed.tar", "index.json"}, .directory = world.path("")});
  CHECK(index.find(R"("io.containerd.image.name":"localhost/team/one:v1")") != std::string::npos);
}

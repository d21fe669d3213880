#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "oci/limits.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/layout_builder.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// What is carried byte for byte, whether anybody here understands it or not.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string blob_at(const RegistryServer& registry, const std::string& repository, const Descriptor& blob) {
  return registry.request("GET", "/v2/" + repository + "/blobs/" + blob.digest.text()).body;
}

/// The digest that a tag has, as the registry says.
std::string tagged(const RegistryServer& registry, const std::string& repository, const std::string& tag) {
  const HttpAnswer answer =
      registry.request("HEAD", "/v2/" + repository + "/manifests/" + tag,
                       {"Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"});
  return answer.status == 200 ? answer.header("Docker-Content-Digest") : "";
}

/// Exports `tags` of a repository inside, checks the archive, imports it elsewhere and copies it from there.
void travel(World& world, const std::string& repository, const std::set<std::string>& tags) {
  Words arguments{"export", "-o", repository + ".tar"};
  for (const std::string& tag : tags) {
    arguments.insert(arguments.end(), {"-i", world.inside_repo(repository) + ":" + tag});
  }
  world.succeed(arguments);
  world.succeed({"verify", repository + ".tar"});
  world.succeed({"inspect", repository + ".tar"});
  world.succeed({"import", repository + ".tar", "--to-repo", world.outside.host() + "/" + repository});
  for (const std::string& tag : tags) {
    CHECK(tagged(world.outside, repository, tag) == tagged(world.inside, repository, tag));
    world.succeed({"copy", "-i", world.outside.host() + "/" + repository + ":" + tag, "--to-repo",
                   world.inside_repo(repository + "-copy")});
    CHECK(tagged(world.inside, repository + "-copy", tag) == tagged(world.inside, repository, tag));
  }
}

/// An index for three platforms: of amd64 all is in the layout, of arm64 nothing, of s390x no layer.
struct SparseLayout {
  LayoutBuilder builder = {};
  Descriptor amd64 = builder.image_for("amd64");
  Descriptor arm64 = builder.image_for("arm64");
  Descriptor s390x = builder.image_for("s390x");
  Descriptor s390x_layer = builder.last_layer();
  Descriptor index =
      builder.index({LayoutBuilder::on_platform(amd64, "amd64"), LayoutBuilder::on_platform(arm64, "arm64"),
                     LayoutBuilder::on_platform(s390x, "s390x")});

  void write(const std::filesystem::path& directory, const std::set<Digest>& more_absent = {}) const {
    std::set<Digest> absent = more_absent;
    absent.insert({arm64.digest, s390x_layer.digest});
    builder.write(directory, {LayoutBuilder::named(index, "v1")}, absent);
  }
};

std::string packed(const std::string& program, const std::string& bytes) {
  return run_or_throw({.arguments = {program, "-c"}, .input = bytes});
}

std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xFFU);
  return bytes;
}

/// A frame that zstd passes over.
std::string skippable(const std::string& content) {
  return little_endian(0x184D2A50) + little_endian(static_cast<std::uint32_t>(content.size())) + content;
}

/// A layer that readers who know its form fetch file by file: each member is packed on its own.
struct LazyLayer {
  std::string kind;
  std::string type;
  std::string bytes = {};
  std::string annotations = {};
};

const std::vector<std::string> kLazyMembers = {
    TarBuilder()
        .directory(".imgpkg/")
        .file(".imgpkg/images.yml", "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages: []\n")
        .members(),
    TarBuilder().file("config.yml", std::string(3000, 'c')).members()};

/// As containerd's stargz snapshotter wants it: a table of contents as the last file, and a gzip member of 51 bytes
/// without content, whose extra field says where the table begins.
LazyLayer estargz() {
  LazyLayer layer{.kind = "estargz", .type = std::string(media_type::kOciLayerGzip)};
  for (const std::string& member : kLazyMembers) layer.bytes += packed("gzip", member);
  char offset[17];
  std::snprintf(offset, sizeof offset, "%016zx", layer.bytes.size());
  const std::string toc = R"({"version":1,"entries":[]})";
  layer.bytes += packed("gzip", TarBuilder().file("stargz.index.json", toc).tar());
  layer.bytes += std::string("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0", 16) + offset + "STARGZ" +
                 std::string("\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 13);
  layer.annotations = text::cat(R"({"containerd.io/snapshot/stargz/toc.digest":")", sha256(toc).text(), R"("})");
  return layer;
}

/// As podman pushes it with --compression-format zstd:chunked: the table and a footer are in frames that zstd skips.
LazyLayer zstd_chunked() {
  LazyLayer layer{.kind = "zstd-chunked", .type = std::string(media_type::kOciLayerZstd)};
  for (const std::string& member : kLazyMembers) layer.bytes += packed("zstd", member);
  layer.bytes += packed("zstd", std::string(1024, '\0'));
  const std::string toc = packed("zstd", R"({"version":1,"entries":[]})");
  const std::string place = text::cat(layer.bytes.size() + 8, ":", toc.size(), ":26:1");
  layer.bytes += skippable(toc) + skippable(std::string(32, '\0') + "GNUlInUx");
  layer.annotations = text::cat(R"({"io.containers.zstd-chunked.manifest-checksum":")", sha256(toc).text(),
                                R"(","io.containers.zstd-chunked.manifest-position":")", place, R"("})");
  return layer;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("malformed configurations and annotations are carried unchanged") {
  if (lacks({"docker-registry"})) return;
  World world;
  LayoutBuilder layout;
  const std::string begin = R"({"os":"linux","architecture":"amd64","config":{"Labels":)";
  const std::map<std::string, std::string> configs = {
      {"null", begin + R"({"a":null}}})"},
      {"number", begin + R"({"a":5}}})"},
      {"surrogate", begin + R"({"a":"fast \ud83d"}}})"},
      {"latin1", begin + "{\"a\":\"M\xFCller\"}}}"},
      {"twice", begin + R"({}},"config":{}})"},
      {"deep", begin + "{}},\"x\":" + std::string(90, '[') + std::string(90, ']') + "}"},
      {"huge-number", begin + R"({}},"x":1e999})"},
      {"list", "[]"},
      {"text", "none"},
      {"empty", ""},
      {"large", begin + R"({}},"x":")" + std::string(limits::kConfigBytes, 'x') + R"("})"}};
  std::vector<std::string> rows;
  std::set<std::string> tags;
  for (const auto& [name, config] : configs) {
    rows.push_back(LayoutBuilder::named(layout.image(config), name));
    tags.insert(name);
  }
  const std::string odd = R"(,"annotations":{"a":null,"b":"\ud83d","c":"5","c":"6"},"x":1e999)";
  rows.push_back(LayoutBuilder::named(layout.image("{}", odd), "annotations"));
  tags.insert("annotations");
  layout.write(world.path("layout"), rows);
  world.succeed({"import", "layout", "--to-repo", world.inside_repo("odd")});
  for (const auto& [name, config] : configs) {
    CHECK(blob_at(world.inside, "odd", {.media_type = "", .digest = sha256(config)}) == config);
  }
  travel(world, "odd", tags);
}

TEST_CASE("an index's children of other types, and an index without any, are carried") {
  if (lacks({"docker-registry"})) return;
  World world;
  LayoutBuilder layout;
  const Descriptor image = layout.image_for("amd64");
  const Descriptor cache = layout.add(R"({"layers":[],"records":[]})", "application/vnd.buildkit.cacheconfig.v0");
  const Descriptor thing = layout.add(R"({"x":1})", "application/vnd.example.thing.v1+json");
  const Descriptor inner = layout.index({LayoutBuilder::row(image), LayoutBuilder::row(thing)});
  layout.write(world.path("layout"),
               {LayoutBuilder::named(layout.index({LayoutBuilder::row(layout.last_layer()), LayoutBuilder::row(cache)}),
                                     "cache"),
                LayoutBuilder::named(layout.index({LayoutBuilder::row(inner)}), "nested"),
                LayoutBuilder::named(layout.index({}), "none"),
                LayoutBuilder::row(layout.add("<component/>", "application/xml"))});
  const Outcome imported = world.ociferry.run({"import", "layout", "--to-repo", world.inside_repo("mixed")});
  INFO(imported.err);
  REQUIRE(imported.exit_code == 0);
  CHECK(holds(imported.err, "left out, because it is neither an image nor an index"));
  CHECK(blob_at(world.inside, "mixed", thing) == layout.bytes(thing));
  travel(world, "mixed", {"cache", "nested", "none"});
}

TEST_CASE("a registry that refuses a sparse index gets its one platform instead") {
  if (lacks({"docker-registry"})) return;
  World world;
  const SparseLayout layout;
  layout.write(world.path("layout"));
  const Outcome shown = world.ociferry.run({"inspect", "layout"});
  CHECK(holds(shown.out, "linux/amd64, absent: "));
  CHECK(holds(shown.out, "linux/arm64"));
  CHECK(holds(shown.out, "linux/s390x"));
  CHECK(holds(world.succeed({"inspect", "layout", "--json"}), layout.arm64.digest.text()));
  for (int run = 0; run < 2; ++run) {
    const Outcome imported = world.ociferry.run({"import", "layout", "--to-repo", world.inside_repo("web")});
    INFO(imported.err);
    REQUIRE(imported.exit_code == 0);
    CHECK(holds(imported.err, "only a part is there; absent: "));
    CHECK(holds(imported.err, "is left out, because the destination refuses incomplete"));
    CHECK(tagged(world.inside, "web", "v1") == layout.amd64.digest.text());
  }
  CHECK(holds(world.fail(24, {"import", "layout", "--to-repo", world.inside_repo("web"), "--lock-output", "lock.yml"}),
              "the lock file would name one"));
  layout.write(world.path("nothing"), {layout.amd64.digest});
  CHECK(holds(world.fail(11, {"import", "nothing", "--to-repo", world.inside_repo("none")}), "is complete"));
}

TEST_CASE("a registry that refuses a sparse index gets each of its platforms at a tag of its own") {
  if (lacks({"docker-registry"})) return;
  World world;
  SparseLayout layout;
  layout.builder.write(world.path("layout"), {LayoutBuilder::named(layout.index, "v1")}, {layout.arm64.digest});
  world.succeed({"import", "layout", "--to-repo", world.inside_repo("web")});
  CHECK(tagged(world.inside, "web", "v1").empty());
  CHECK(tagged(world.inside, "web", "v1-linux-amd64") == layout.amd64.digest.text());
  CHECK(tagged(world.inside, "web", "v1-linux-s390x") == layout.s390x.digest.text());
}

TEST_CASE("a sparse index keeps its bytes through archives and a registry that accepts it") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const SparseLayout layout;
  layout.write(ociferry.home() / "layout");
  FakeRegistry content;
  content.takes_sparse_indexes = true;
  const HttpServer server(content.handler());
  const std::string repository = server.host() + "/apps/web";
  const auto run = [&](const Words& arguments) {
    const Outcome outcome = ociferry.run(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
  };
  run({"copy", "--tar", "layout", "--to-tar", "a.tar"});
  run({"verify", "a.tar"});
  run({"import", "a.tar", "--to-repo", repository});
  CHECK(content.tag("apps/web", "v1") == layout.index.digest);
  run({"export", "-i", repository + ":v1", "-o", "b.tar"});
  run({"verify", "b.tar"});
  run({"copy", "--tar", "b.tar", "--to-tar", "c.tar"});
  CHECK(read_text(ociferry.home() / "b.tar") == read_text(ociferry.home() / "c.tar"));
  run({"copy", "-i", repository + ":v1", "--to-repo", repository + "-copy"});
  CHECK(content.tag("apps/web-copy", "v1") == layout.index.digest);
}

TEST_CASE("blobs named by sha512 are imported; a manifest named so is refused before anything is written") {
  if (lacks({"docker-registry"})) return;
  World world;
  LayoutBuilder layout;
  layout.algorithm = "sha512";
  const Descriptor config = layout.add(R"({"os":"linux","architecture":"amd64"})", media_type::kOciConfig);
  const Descriptor layer = layout.add(TarBuilder().file("a", "b").tar(), media_type::kOciLayer);
  const std::string manifest =
      text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest, R"(","config":)",
                LayoutBuilder::row(config), R"(,"layers":[)", LayoutBuilder::row(layer), "]}");
  const Descriptor by_sha512 = layout.add(manifest, media_type::kOciManifest);
  layout.algorithm = "sha256";
  const Descriptor by_sha256 = layout.add(manifest, media_type::kOciManifest);
  layout.write(world.path("blobs"), {LayoutBuilder::named(by_sha256, "v1")});
  layout.write(world.path("all"), {LayoutBuilder::named(by_sha512, "v1")});
  world.succeed({"import", "blobs", "--to-repo", world.inside_repo("blobs")});
  CHECK(tagged(world.inside, "blobs", "v1") == by_sha256.digest.text());
  world.succeed({"verify", "all"});
  world.inside.forget_requests();
  CHECK(holds(world.fail(24, {"import", "all", "--to-repo", world.inside_repo("all")}), "has a digest by sha512"));
  CHECK(writes(world.inside).empty());
  CHECK(holds(world.fail(24, {"copy", "--tar", "all", "--to-tar", "all.tar"}), "has a digest by sha512"));
  CHECK_FALSE(std::filesystem::exists(world.path("all.tar")));
}

TEST_CASE("estargz and zstd:chunked layers are carried unchanged, and unpacked as any other") {
  if (lacks({"docker-registry", "gzip", "zstd"})) return;
  World world;
  for (const LazyLayer& lazy : {estargz(), zstd_chunked()}) {
    CAPTURE(lazy.kind);
    LayoutBuilder layout;
    const Descriptor config =
        layout.add(R"({"os":"linux","architecture":"amd64","config":{"Labels":{"dev.carvel.imgpkg.bundle":"true"}}})",
                   media_type::kOciConfig);
    const Descriptor layer = layout.add(lazy.bytes, lazy.type);
    const Descriptor bundle =
        layout.add(text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest, R"(","config":)",
                             LayoutBuilder::row(config), R"(,"layers":[)",
                             LayoutBuilder::row(layer, R"(,"annotations":)" + lazy.annotations), "]}"),
                   media_type::kOciManifest);
    layout.write(world.path("layout"), {LayoutBuilder::named(bundle, "v1")});
    world.succeed({"import", "layout", "--to-repo", world.inside_repo(lazy.kind)});
    const std::string archive = lazy.kind + ".tar";
    world.succeed({"export", "-b", world.inside_repo(lazy.kind) + ":v1", "-o", archive});
    const std::string there = world.outside.host() + "/" + lazy.kind;
    const Outcome imported = world.ociferry.run({"import", archive, "--to-repo", there});
    CHECK(imported.exit_code == 0);
    CHECK(imported.err.empty());
    CHECK(tagged(world.outside, lazy.kind, "v1") == bundle.digest.text());
    CHECK((blob_at(world.outside, lazy.kind, layer) == lazy.bytes));
    world.succeed({"pull", "-b", there + ":v1", "-o", lazy.kind});
    CHECK(read_text(world.path(lazy.kind + "/config.yml")) == std::string(3000, 'c'));
    CHECK(std::filesystem::exists(world.path(lazy.kind + "/stargz.index.json")) == (lazy.kind == "estargz"));
    world.succeed({"compact", archive, "-o", "small.tar.zst"});
    world.succeed({"expand", "small.tar.zst", "-o", "again.tar"});
    CHECK((read_text(world.path("again.tar")) == read_text(world.path(archive))));
    std::filesystem::remove(world.path("again.tar"));
  }
}

#include "ferry/deliver/emitted_files.hpp"

#include <doctest/doctest.h>

#include "bundle/yaml.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "stream/sha256.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// --emit KIND=FILE: where images are, as other programs read it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using FileKind = EmittedFile::Kind;
const std::string kGolden = FIXTURES "/golden/emit/";

PlacedImage placed_image(const std::string& from, const std::string& to, const std::string& content = "") {
  PlacedImage image{Reference::parse(from), Reference::parse(to)};
  image.from.digest = image.to.digest = sha256(content.empty() ? from : content);
  return image;
}

/// Images with their names, one by digest only, one of Docker Hub, one with another tag, and one in two places.
std::vector<PlacedImage> sample() {
  return {placed_image("r.example/team/web:2.3.1", "in.example/mirror/team/web:2.3.1"),
          placed_image("r.example/team/web:2.4.0", "in.example/mirror/team/web:2.4.0"),
          placed_image("r.example/team/api", "in.example/mirror/team/api:sha256-x.imgpkg"),
          placed_image("nginx:1.25", "in.example/mirror/library/nginx:1.25"),
          placed_image("r.example:5000/old/tool:v1", "in.example/mirror/tool:v1-approved"),
          placed_image("r.example/many:a", "in.example/mirror/many:a"),
          placed_image("r.example/many:b", "in.example/other:b")};
}

std::string text_of(FileKind kind) {
  const EmittedText text = emitted_text({.kind = kind, .path = "f"}, sample());
  REQUIRE(text.files.size() == 1);
  return text.files.begin()->second;
}

std::size_t inexpressible(FileKind kind) {
  return emitted_text({.kind = kind, .path = "f"}, sample()).inexpressible.size();
}

}  // namespace

TEST_CASE("each kind of file has what its format can express, and reports the rest") {
  check_golden(kGolden + "registries.conf", text_of(FileKind::RegistriesConf));
  check_golden(kGolden + "idms.yml", text_of(FileKind::DigestMirrors));
  check_golden(kGolden + "itms.yml", text_of(FileKind::TagMirrors));
  check_golden(kGolden + "kustomization.yml", text_of(FileKind::Kustomize));
  const EmittedText hosts = emitted_text({.kind = FileKind::ContainerdHosts, .path = "certs.d"}, sample());
  REQUIRE(hosts.files.size() == 2);
  check_golden(kGolden + "hosts-docker.io.toml", hosts.files.at("certs.d/docker.io/hosts.toml"));
  check_golden(kGolden + "hosts-r.example.toml", hosts.files.at("certs.d/r.example/hosts.toml"));
  CHECK(inexpressible(FileKind::RegistriesConf) == 1);  // the other tag
  CHECK(inexpressible(FileKind::TagMirrors) == 1);
  CHECK(inexpressible(FileKind::DigestMirrors) == 0);
  CHECK(inexpressible(FileKind::Kustomize) == 2);  // one old name, two new ones
  REQUIRE(hosts.inexpressible.size() == 2);
  CHECK(hosts.inexpressible[0] ==
        "r.example/many:b -> in.example/other:b: containerd changes the registry and a prefix of "
        "paths, no more");
}

TEST_CASE("an image with another digest is reported, except for formats that only name tags") {
  std::vector<PlacedImage> names{placed_image("r.example/team/web:1", "in.example/mirror/team/web:1")};
  names.front().to.digest = sha256("smaller");
  const auto lines = [&](FileKind kind) {
    return emitted_text({.kind = kind, .path = "f"}, names).inexpressible.size();
  };
  CHECK(lines(FileKind::TagMirrors) == 0);
  for (const FileKind kind : {FileKind::ContainerdHosts, FileKind::RegistriesConf, FileKind::DigestMirrors}) {
    CHECK(lines(kind) == 1);
  }
}

TEST_CASE("the files for Kubernetes are YAML with the fields that it knows") {
  const Json digests = parse_yaml(text_of(FileKind::DigestMirrors), "idms", RepeatedKeys::Refuse);
  CHECK(digests.string_at("apiVersion") == "config.openshift.io/v1");
  CHECK(digests.string_at("kind") == "ImageDigestMirrorSet");
  const Json& first = digests.find("spec")->find("imageDigestMirrors")->as_array()->front();
  CHECK(first.string_at("source") == "docker.io/library/nginx");
  CHECK(first.find("mirrors")->as_array()->front().dump() == "\"in.example/mirror/library/nginx\"");
  const Json tags = parse_yaml(text_of(FileKind::TagMirrors), "itms", RepeatedKeys::Refuse);
  CHECK(tags.string_at("kind") == "ImageTagMirrorSet");
  CHECK(tags.find("spec")->find("imageTagMirrors")->as_array()->size() == 3);
  CHECK(tags.find("metadata")->string_at("name") != digests.find("metadata")->string_at("name"));
  const Json images = parse_yaml(text_of(FileKind::Kustomize), "kustomization", RepeatedKeys::Refuse);
  CHECK(images.find("images")->as_array()->front().string_at("newName") == "in.example/mirror/library/nginx");
}

TEST_CASE("a registry's name does not lead out of containerd's directory") {
  const auto text = emitted_text({.kind = FileKind::ContainerdHosts, .path = "certs.d"},
                                 {placed_image("../a/b:v1", "in.example/a/b:v1")});
  CHECK(text.files.empty());
  CHECK(text.inexpressible.size() == 1);
}

TEST_CASE("unwritable and foreign files are refused before any other work") {
  const NestedSample sample;
  const PlacedSet set(sample.set, placement_of({.to = {"d.example", "to"}}), true);
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "registries.conf";
  const std::vector<EmittedFile> files = {{.kind = FileKind::RegistriesConf, .path = path}};
  CHECK_NOTHROW(check_emitted(files, set));
  Warnings warnings;
  write_emitted(files, {placed_image("r.example/a/b:v1", "d.example/to:v2")}, warnings);
  REQUIRE(warnings.lines.size() == 1);
  CHECK(warnings.lines[0] == path.string() +
                                 " (registries-conf) does not lead to 1 of the images, which have to be "
                                 "asked for by their new names:\n  - r.example/a/b:v1 -> d.example/to:v2: "
                                 "a mirror has the same tags");
  CHECK_NOTHROW(check_emitted(files, set));  // it replaces its own
  write_text(path, "unqualified-search-registries = []\n");
  CHECK_THROWS_AS(check_emitted(files, set), Error);
  CHECK_THROWS_AS(check_emitted({{.path = directory.path() / "absent" / "f"}}, set), std::exception);
  CHECK_THROWS_AS(check_emitted({{.path = "f"}, {.kind = FileKind::Kustomize, .path = "./f"}}, set), Error);
  CHECK_THROWS_AS(check_emitted({{.kind = FileKind::ContainerdHosts, .path = path / "below-a-file"}}, set), Error);
}

TEST_CASE("an argument names one of the kinds") {
  CHECK(parse_emitted_file("itms=a=b").kind == FileKind::TagMirrors);
  CHECK(parse_emitted_file("itms=a=b").path == "a=b");
  for (const std::string bad : {"itms", "itms=", "=f", "toml=f", "itms=-"}) {
    CHECK_THROWS_AS(static_cast<void>(parse_emitted_file(bad)), Error);
  }
}

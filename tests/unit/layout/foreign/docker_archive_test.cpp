#include "archive_files.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kLayerOne = TarBuilder().file("one", "1").tar();
const std::string kLayerTwo = TarBuilder().file("two", "2").tar();

std::string config_of(const std::vector<std::string>& layers) {
  std::string diff_ids;
  for (const std::string& layer : layers) diff_ids += (diff_ids.empty() ? "\"" : ",\"") + sha256(layer).text() + "\"";
  return R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[)" + diff_ids + "]}}";
}

/// As docker saves it: a directory for each layer; the second image has the first one's layer by a link.
TarBuilder docker_save() {
  return TarBuilder()
      .directory("aaaa/")
      .file("aaaa/VERSION", "1.0")
      .file("aaaa/layer.tar", kLayerOne)
      .file("bbbb/layer.tar", kLayerTwo)
      .symlink("cccc/layer.tar", "../aaaa/layer.tar")
      .file("config.json", config_of({kLayerOne, kLayerTwo}))
      .file("other.json", config_of({kLayerOne}))
      .file("repositories", "{}");
}

constexpr const char* kList =
    R"([{"Config":"config.json","RepoTags":["app:v1","registry.example/app:v2"],"Layers":["aaaa/layer.tar","bbbb/layer.tar"]},)"
    R"({"Config":"other.json","RepoTags":null,"Layers":["cccc/layer.tar"]}])";

Manifest manifest_of(ImageArchive& archive, std::size_t item) {
  const auto raw = archive.manifest(archive.items().at(item).descriptor.digest.text());
  return std::get<Manifest>(parse_manifest(raw->bytes, raw->descriptor.media_type));
}

std::string with_list(TarBuilder tar, const std::string& list) { return tar.file("manifest.json", list).tar(); }

}  // namespace

TEST_CASE("a docker-save archive gives an image for each entry, with its files as uncompressed layers") {
  const ArchiveFile file(with_list(docker_save(), kList));
  const auto archive = file.open();
  CHECK(archive->format() == ArchiveFormat::DockerArchive);
  REQUIRE(archive->items().size() == 3);  // the first image has two tags
  CHECK(to_string(archive->items()[0].reference.name) == "index.docker.io/library/app");
  CHECK(archive->items()[0].is_root);
  CHECK(archive->items()[0].tag == "v1");
  CHECK(archive->items()[1].tag == "v2");
  CHECK(to_string(archive->items()[1].reference.name) == "registry.example/app");
  CHECK(archive->items()[1].descriptor.digest == archive->items()[0].descriptor.digest);
  const Manifest image = manifest_of(*archive, 0);
  CHECK(image.config->media_type == media_type::kDockerConfig);
  CHECK(content_of(*archive, image.config.value()) == config_of({kLayerOne, kLayerTwo}));
  REQUIRE(image.layers.size() == 2);
  CHECK(image.layers[0].media_type == media_type::kDockerLayer);
  CHECK(content_of(*archive, image.layers[0]) == kLayerOne);
  CHECK(content_of(*archive, image.layers[1]) == kLayerTwo);
  const Manifest linked = manifest_of(*archive, 2);
  CHECK(content_of(*archive, linked.layers.at(0)) == kLayerOne);
}

TEST_CASE("the manifest does not depend on the order of members") {
  const ArchiveFile one(with_list(docker_save(), kList));
  const std::string reversed = TarBuilder()
                                   .file("manifest.json", kList)
                                   .file("other.json", config_of({kLayerOne}))
                                   .file("config.json", config_of({kLayerOne, kLayerTwo}))
                                   .file("cccc/layer.tar", kLayerOne)
                                   .file("bbbb/layer.tar", kLayerTwo)
                                   .file("aaaa/layer.tar", kLayerOne)
                                   .tar();
  const ArchiveFile other(reversed);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(one.open()->items()[i].descriptor.digest == other.open()->items()[i].descriptor.digest);
  }
}

TEST_CASE("compressed layers, as crane writes them, have the digest of the file") {
  const std::string packed = gzip(kLayerOne);
  const ArchiveFile file(with_list(TarBuilder().file("sha256:c", config_of({kLayerOne})).file("x.tar.gz", packed),
                                   R"([{"Config":"sha256:c","RepoTags":["a:b"],"Layers":["x.tar.gz"]}])"));
  const auto archive = file.open();
  const Descriptor layer = manifest_of(*archive, 0).layers.at(0);
  CHECK(layer.media_type == media_type::kDockerLayerGzip);
  CHECK(layer.digest == sha256(packed));
  CHECK(content_of(*archive, layer) == packed);
}

TEST_CASE("a layer that does not match the configuration is refused") {
  const ArchiveFile file(with_list(TarBuilder().file("c", config_of({kLayerOne})).file("l", kLayerTwo),
                                   R"([{"Config":"c","Layers":["l"]}])"));
  const auto archive = file.open();
  CHECK_THROWS_AS(static_cast<void>(content_of(*archive, manifest_of(*archive, 0).layers.at(0))), Error);
  const std::string packed = with_list(TarBuilder().file("c", config_of({kLayerOne})).file("l", gzip(kLayerTwo)),
                                       R"([{"Config":"c","Layers":["l"]}])");
  CHECK(holds(refusal(packed, ErrorCode::Corrupt), "but its image's configuration says"));
}

TEST_CASE("missing and malformed parts are named") {
  const TarBuilder files = TarBuilder().file("c", config_of({kLayerOne})).file("l", kLayerOne);
  const auto says = [&](const std::string& list, ErrorCode code) { return refusal(with_list(files, list), code); };
  CHECK(says(R"([{"Config":"c","Layers":["l"]}])", ErrorCode::Internal) == "nothing");
  CHECK(holds(says(R"([{"Config":"c","Layers":["gone"]}])", ErrorCode::Incomplete), "gone, a layer, is missing"));
  CHECK(holds(says(R"([{"Config":"gone","Layers":["l"]}])", ErrorCode::Incomplete), "gone is not in the archive"));
  CHECK(holds(says(R"([{"Config":"../c","Layers":["l"]}])", ErrorCode::Hostile), ".."));
  CHECK(holds(says(R"([{"Config":"c","Layers":["l","l"]}])", ErrorCode::Hostile), "has 2 layers"));
  CHECK(holds(says(R"([{"Config":"c","Layers":"l"}])", ErrorCode::Hostile), "\"Layers\" is not a list"));
  CHECK(holds(says(R"([{"Config":"c","Layers":[5]}])", ErrorCode::Hostile), "not a string"));
}

TEST_CASE("an image with an invalid name is kept, and the name reported") {
  for (const std::string name : {"<none>:<none>", "MyApp:1.0", "app:1.0+build5", "A:B:C@"}) {
    const std::string list = R"([{"Config":"./c","RepoTags":[")" + name + R"(","app:v1"],"Layers":["./l"]}])";
    const ArchiveFile file(with_list(TarBuilder().file("c", config_of({kLayerOne})).file("l", kLayerOne), list));
    const auto archive = file.open();
    REQUIRE(archive->items().size() == 1);
    CHECK(archive->items()[0].tag == "v1");
    REQUIRE(archive->notes().size() == 1);
    CHECK(holds(archive->notes()[0], "without its name '" + name + "'"));
  }
  const std::string empty = with_list(TarBuilder().file("c", config_of({kLayerOne})).file("l", kLayerOne),
                                      R"([{"Config":"c","RepoTags":[""],"Layers":["l"]}])");
  CHECK(ArchiveFile(empty).open()->notes().empty());
}

TEST_CASE("zstd layers make an OCI image, and layers without a media type are refused by name") {
  const auto saved = [](const std::string& second) {
    return with_list(
        TarBuilder().file("c", config_of({kLayerOne, kLayerTwo})).file("1", gzip(kLayerOne)).file("2", second),
        R"([{"Config":"c","RepoTags":["a:b"],"Layers":["1","2"]}])");
  };
  const ArchiveFile file(saved(zstd(kLayerTwo)));
  const auto archive = file.open();
  CHECK(archive->items().at(0).descriptor.media_type == media_type::kOciManifest);
  const Manifest image = manifest_of(*archive, 0);
  CHECK(image.config->media_type == media_type::kOciConfig);
  CHECK(image.layers.at(0).media_type == media_type::kOciLayerGzip);
  CHECK(image.layers.at(1).media_type == media_type::kOciLayerZstd);
  CHECK(content_of(*archive, image.layers[1]) == zstd(kLayerTwo));
  CHECK(holds(refusal(saved(zstd(kLayerOne)), ErrorCode::Corrupt), "but its image's configuration says"));
  CHECK(holds(refusal(saved("BZh9"), ErrorCode::Hostile), "packed with bzip2"));
  CHECK(holds(refusal(saved(std::string("\xfd"
                                        "7zXZ\0",
                                        6)),
                      ErrorCode::Hostile),
              "packed with xz"));
}

#include <algorithm>

#include "archive_files.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "layout/open_archive.hpp"
#include "oci/json.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kFixtures = FIXTURES "/imgpkg/";

std::string quoted(const std::string& text) { return Json(text).dump(); }

/// An image without layers in a manifest.json; every part of it can be made wrong.
struct Entry {
  std::string config = R"({"architecture":"amd64","os":"linux"})";
  std::string manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
                         R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":)" +
                         std::to_string(config.size()) + R"(,"digest":")" + sha256(config).text() +
                         R"("},"layers":[]})";
  std::string digest = sha256(manifest).text();
  std::string refs = R"(["registry.example/app@)" + digest + R"("])";
  std::string more = {};

  [[nodiscard]] std::string text() const {
    return R"({"ImageIndex":null,"Image":{"Refs":)" + refs + R"(,"Layers":[],"Config":{"Digest":")" +
           sha256(config).text() + R"(","Raw":)" + quoted(config) +
           R"(},"Manifest":{"MediaType":"application/vnd.docker.distribution.manifest.v2+json","Digest":")" + digest +
           R"(","Raw":)" + quoted(manifest) + "}" + more + "}}";
  }
};

Entry other_entry(const std::string& architecture) {
  return {.config = R"({"architecture":")" + architecture + R"(","os":"linux"})"};
}

std::string tar_of(const std::string& manifest_json) { return TarBuilder().file("manifest.json", manifest_json).tar(); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("imgpkg's tar of a nested bundle is read: names, tag, root, indexes, and every layer in place") {
  const auto archive = open_image_archive(kFixtures + "imgpkg-tar-outer.tar");
  CHECK(archive->format() == ArchiveFormat::ImgpkgTar);
  CHECK(archive->total_bytes() == 19968);
  REQUIRE(archive->items().size() == 5);
  const auto root = std::ranges::find_if(archive->items(), &ArchiveItem::is_root);
  REQUIRE(root != archive->items().end());
  CHECK(std::ranges::count_if(archive->items(), &ArchiveItem::is_root) == 1);
  CHECK(root->reference.name.repository == "src/outer");
  std::size_t layers = 0;
  for (const ArchiveItem& item : archive->items()) {
    const auto raw = archive->manifest(item.descriptor.digest.text());
    REQUIRE(raw.has_value());
    const auto parsed = parse_manifest(raw->bytes, raw->descriptor.media_type);
    const auto* image = std::get_if<Manifest>(&parsed);
    if (image == nullptr) {
      for (const Descriptor& child : std::get<ImageIndex>(parsed).manifests) {
        CHECK(archive->manifest(child.digest.text()).has_value());
      }
      continue;
    }
    CHECK(sha256(content_of(*archive, image->config.value())) == image->config->digest);
    for (const Descriptor& layer : image->layers) {
      CHECK(content_of(*archive, layer).size() == layer.size);
      ++layers;
    }
  }
  CHECK(layers == 5);  // the index's two are below it
}

TEST_CASE("foreign layers that imgpkg left out are absent, and others present") {
  const auto foreign = Digest::parse("sha256:637bc542a98a0b11e36204c1f5aeb574ae1033ff5a62c2fdc8b574c3df830165");
  CHECK_FALSE(open_image_archive(kFixtures + "imgpkg-tar-nd.tar")->size_of(foreign));
  CHECK(open_image_archive(kFixtures + "imgpkg-tar-nd2.tar")->size_of(foreign) == 103);
}

TEST_CASE("a layer that a failed run of imgpkg left as zeros is refused when it is read") {
  const auto archive = open_image_archive(kFixtures + "imgpkg-tar-partial.tar");
  std::size_t damaged = 0;
  for (const ArchiveItem& item : archive->items()) {
    const auto raw = archive->manifest(item.descriptor.digest.text());
    const auto parsed = parse_manifest(raw->bytes, raw->descriptor.media_type);
    const auto* image = std::get_if<Manifest>(&parsed);
    if (image == nullptr) continue;
    for (const Descriptor& layer : image->layers) {
      try {
        static_cast<void>(content_of(*archive, layer));
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::Corrupt);
        CHECK(holds(error.message(), "imgpkg-tar-partial.tar: sha256-"));
        ++damaged;
      }
    }
  }
  CHECK(damaged == 1);
}

TEST_CASE("manifest.json may be anywhere in the tar, with unknown keys and keys in any case") {
  Entry entry{.more = R"(,"Surprise":{"a":[1]},"TAG":"v2","origref":"","labels":null)"};
  const std::string list = "[" + replaced(entry.text(), "\"Refs\"", "\"refs\"") + "]";
  const ArchiveFile file(TarBuilder().file("first", "x").file("manifest.json", list).file("last", "y").tar());
  const auto archive = file.open();
  REQUIRE(archive->items().size() == 1);
  CHECK(to_string(archive->items()[0].reference.name) == "registry.example/app");
}

TEST_CASE("the name in a lock file is preferred to the place where imgpkg found the image") {
  const Entry plain;
  const Entry entry{.more = R"(,"OrigRef":"nginx@)" + plain.digest + "\""};
  const ListedContents contents = read_imgpkg_manifest("[" + entry.text() + "]");
  CHECK(to_string(contents.items.at(0).reference) == "index.docker.io/library/nginx@" + plain.digest);
}

TEST_CASE("tars at which imgpkg panics or fails after uploading are refused by name") {
  const Entry good;
  const auto says = [](const Entry& entry, ErrorCode code) { return refusal(tar_of("[" + entry.text() + "]"), code); };
  CHECK(says(good, ErrorCode::Internal) == "nothing");

  Entry no_refs;
  no_refs.refs = "[]";
  CHECK(holds(says(no_refs, ErrorCode::Hostile), "the image " + good.digest + " has no Refs"));
  Entry wrong_digest;
  wrong_digest.manifest += " ";
  CHECK(holds(says(wrong_digest, ErrorCode::Corrupt), "the manifest " + good.digest + " is damaged"));
  Entry wrong_name;
  wrong_name.refs = R"(["registry.example/app@)" + sha256("other").text() + R"("])";
  CHECK(holds(says(wrong_name, ErrorCode::Corrupt), "is called registry.example/app@"));
  Entry no_digest;
  no_digest.refs = R"(["registry.example/app:v1"])";
  CHECK(holds(says(no_digest, ErrorCode::Hostile), "has a malformed name"));

  const std::string label = R"(,"Labels":{"dev.carvel.imgpkg.copy.root-bundle":""})";
  Entry one = other_entry("one");
  Entry two = other_entry("two");
  one.more = label;
  two.more = label;
  CHECK(holds(refusal(tar_of("[" + one.text() + "," + two.text() + "]"), ErrorCode::Hostile),
              "two images are marked as the root bundle"));
}

TEST_CASE("a configuration with a wrong digest is refused") {
  const Entry good;
  const std::string text = replaced(good.text(), quoted(good.config), quoted(good.config + " "));
  CHECK(holds(refusal(tar_of("[" + text + "]"), ErrorCode::Corrupt), "the configuration sha256:"));
}

TEST_CASE("a manifest.json of another form is refused, and not read in part") {
  const Entry good;
  const auto hostile = [](const std::string& json) { return refusal(tar_of(json), ErrorCode::Hostile); };
  for (const char* json :
       {"", "{}", "null", "[]", "[1]", "[{}]", R"([{"Image":1}])", R"([{"Image":{},"ImageIndex":{}}])",
        R"([{"Image":{"Manifest":{"Raw":5}}}])", R"([{"Image":{"Refs":{}}}])", "[[[["}) {
    INFO(json);
    CHECK(hostile(json) != "nothing");
  }
  CHECK(holds(hostile("[" + replaced(good.text(), "\"Layers\":[]", "\"refs\":[]") + "]"), "\"Refs\" is given twice"));
  CHECK(holds(hostile("[" + good.text() + "] x"), "manifest.json"));
}

TEST_CASE("two manifest.json in one tar are refused") {
  const std::string list = "[" + Entry().text() + "]";
  const std::string tar = TarBuilder().file("manifest.json", list).file("./manifest.json", list).tar();
  CHECK(holds(refusal(tar, ErrorCode::Hostile), "'manifest.json' occurs twice"));
}

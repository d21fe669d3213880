#include "layout/foreign/oci_layout.hpp"
#include "layout/archive_names.hpp"
#include "layout/foreign/packed_archive.hpp"

#include "archive_files.hpp"
#include "layout/open_archive.hpp"
#include "oci/tag_names.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
const std::string kLayout = R"({"imageLayoutVersion":"1.0.0"})";

std::string hex(const Digest& digest) { return std::string(digest.hex()); }

std::string entry(const std::string& annotations = "", const Digest& digest = sha256(kManifest)) {
  return R"({"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" + digest.text() + R"(","size":)" +
         std::to_string(kManifest.size()) + R"(,"annotations":{)" + annotations + "}}";
}

std::string ref_name(const std::string& name) { return R"("org.opencontainers.image.ref.name":")" + name + "\""; }

std::string index_of(const std::string& entries) { return R"({"schemaVersion":2,"manifests":[)" + entries + "]}"; }

std::vector<ArchiveItem> items_of(const std::string& entries) { return read_layout_index(index_of(entries)).items; }

std::string layout_tar(const std::string& prefix = "", const std::string& index = index_of(entry())) {
  return TarBuilder()
      .file(prefix + "blobs/sha256/" + hex(sha256(kManifest)), kManifest)
      .file(prefix + "index.json", index)
      .file(prefix + "oci-layout", kLayout)
      .tar();
}

}  // namespace

TEST_CASE("a layout in a tar is read with and without ./ before names, in any order") {
  for (const char* prefix : {"", "./"}) {
    const ArchiveFile file(layout_tar(prefix));
    const auto archive = file.open();
    CHECK(archive->format() == ArchiveFormat::OciLayout);
    REQUIRE(archive->items().size() == 1);
    const Digest digest = archive->items()[0].descriptor.digest;
    CHECK(archive->manifest(digest.text())->bytes == kManifest);
    CHECK(archive->size_of(digest) == kManifest.size());
    CHECK_FALSE(archive->size_of(sha256("other")));
    CHECK_FALSE(archive->manifest(sha256("other").text()));
    CHECK(holds(archive->name_of(digest), "a.tar: blobs/sha256/"));
  }
}

TEST_CASE("a layout in a directory is read, and a pipe in it does not block") {
  const TempDirectory directory(std::filesystem::temp_directory_path(), "layout-test-");
  std::filesystem::create_directories(directory.path() / "blobs/sha256");
  const auto blob = directory.path() / "blobs/sha256" / hex(sha256(kManifest));
  write_file_atomically(directory.path() / "oci-layout", kLayout, 0600);
  write_file_atomically(directory.path() / "index.json", index_of(entry()), 0600);
  write_file_atomically(blob, kManifest, 0600);
  const auto archive = open_image_archive(directory.path());
  CHECK(archive->manifest(sha256(kManifest).text())->bytes == kManifest);
  CHECK(archive->total_bytes() == kLayout.size() + index_of(entry()).size() + kManifest.size());
  std::filesystem::remove(blob);
  std::filesystem::create_directory(blob);
  CHECK_FALSE(archive->size_of(sha256(kManifest)));
}

TEST_CASE("names and tags come from annotations; an image without one has its digest only") {
  const std::string containerd = R"("io.containerd.image.name":"docker.io/library/nginx:1.25")";
  CHECK(to_string(items_of(entry())[0].reference.name) == "unnamed.invalid/image");
  CHECK_FALSE(items_of(entry())[0].is_root);
  CHECK(items_of(entry(ref_name("v1")))[0].is_root);
  CHECK(items_of(entry(ref_name("v1")))[0].tag == "v1");
  CHECK(to_string(items_of(entry(ref_name("v1") + "," + containerd))[0].reference) ==
        "index.docker.io/library/nginx@" + sha256(kManifest).text());
  CHECK(to_string(items_of(entry(ref_name("registry.example/a/b:v2")))[0].reference.name) == "registry.example/a/b");
  CHECK(items_of(entry(ref_name("not: a \\\\ name")))[0].reference.name == unnamed_repository());
}

TEST_CASE("an image with two names is one image with two tags") {
  const auto items = items_of(entry(ref_name("v1")) + "," + entry(ref_name("registry.example/a/b:v2")));
  REQUIRE(items.size() == 2);
  for (const ArchiveItem& item : items) CHECK(to_string(item.reference.name) == "registry.example/a/b");
  CHECK(items[0].tag == "v1");
  CHECK(items[1].tag == "v2");
}

TEST_CASE("an image of two repositories keeps both names with their tags") {
  const auto items = items_of(entry(ref_name("r.example/team/b:v2")) + "," + entry(ref_name("r.example/team/a:v1")) +
                              "," + entry(ref_name("r.example/team/b:v3")));
  REQUIRE(items.size() == 3);
  CHECK(to_string(items[0].reference.name) == "r.example/team/a");
  CHECK(items[0].tag == "v1");
  CHECK(to_string(items[1].reference.name) == "r.example/team/b");
  CHECK(items[1].tag == "v2");
  CHECK(items[2].tag == "v3");
  // What is attached to another image goes where that goes, and needs one name only.
  const std::string tag = attachment_tag(sha256("other"), "sig");
  const auto attached =
      items_of(entry(ref_name("r.example/team/b:" + tag)) + "," + entry(ref_name("r.example/team/a:" + tag)));
  REQUIRE(attached.size() == 1);
  CHECK(to_string(attached[0].reference.name) == "r.example/team/a");
}

TEST_CASE("tags that are made of digests make no root, and tell the image's role") {
  const Digest other = sha256("other");
  const auto item = [](const std::string& tag) { return items_of(entry(ref_name(tag))).at(0); };
  CHECK_FALSE(item(image_tag(sha256(kManifest))).is_root);
  CHECK_FALSE(item(image_tag(sha256(kManifest))).tag);
  CHECK(item(locations_tag(other)).role == ArchiveRole::Locations);
  CHECK(item(locations_tag(other)).bundle == other);
  CHECK(item(attachment_tag(other, "sig")).role == ArchiveRole::Referrer);
  CHECK(item(attachment_tag(other, "sig")).tag == attachment_tag(other, "sig"));
  CHECK_FALSE(item(attachment_tag(other, "sig")).is_root);
}

TEST_CASE("a referrers tag marks the manifests in its index as attached") {
  const std::string referrers = R"({"schemaVersion":2,"manifests":[)" + entry() + "]}";
  const std::string tar =
      TarBuilder()
          .file("oci-layout", kLayout)
          .file("index.json", index_of(entry(ref_name("sha256-" + hex(sha256("subject"))), sha256(referrers))))
          .file("blobs/sha256/" + hex(sha256(referrers)), referrers)
          .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest)
          .tar();
  const auto items = ArchiveFile(tar).open()->items();
  REQUIRE(items.size() == 1);
  CHECK(items[0].descriptor.digest == sha256(kManifest));
  CHECK(items[0].role == ArchiveRole::Referrer);
}

TEST_CASE("a blob whose content does not match its name is refused when it is read") {
  const std::string tar = TarBuilder()
                              .file("oci-layout", kLayout)
                              .file("index.json", index_of(entry()))
                              .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest + " ")
                              .tar();
  const ArchiveFile file(tar);
  CHECK_THROWS_AS(static_cast<void>(file.open()->manifest(sha256(kManifest).text())), Error);
}

TEST_CASE("a layout with a missing or malformed index.json, or of another version, is refused") {
  CHECK(holds(refusal(TarBuilder().file("oci-layout", kLayout).tar(), ErrorCode::Hostile), "index.json is missing"));
  CHECK(holds(refusal(layout_tar("", "{}"), ErrorCode::Hostile), "\"manifests\" is missing"));
  CHECK(holds(refusal(layout_tar("", index_of("")), ErrorCode::Hostile), "lists no images"));
  CHECK(refusal(layout_tar("", "[" + std::string(100, '[')), ErrorCode::Hostile) != "nothing");
  const std::string future =
      TarBuilder().file("oci-layout", R"({"imageLayoutVersion":"2.0.0"})").file("index.json", index_of(entry())).tar();
  CHECK(holds(refusal(future, ErrorCode::Hostile), "unknown version '2.0.0'"));
}

TEST_CASE("a file that is no archive is refused with its type and a command that works") {
  CHECK(holds(refusal("", ErrorCode::Hostile), "it is empty"));
  CHECK(holds(refusal("root:x:0:0:root:/root:/bin/bash\n", ErrorCode::Hostile), "it is not a tar file"));
  CHECK(holds(refusal(std::string(4096, 'q'), ErrorCode::Hostile), "it is not a tar file"));
  CHECK(holds(refusal("oci-layout" + std::string(502, 'q'), ErrorCode::Corrupt), ""));
  CHECK(holds(refusal(TarBuilder().file("readme", "x").tar(), ErrorCode::Hostile), "nor manifest.json"));
  const auto packed = [](const std::string& magic) {
    return refusal(magic + std::string(600, 'q'), ErrorCode::Hostile);
  };
  CHECK(holds(packed("PK\x03\x04"), "packed with zip"));
  CHECK(holds(packed("\x04\x22\x4d\x18"), "packed with lz4"));
  CHECK(holds(packed("7z\xbc\xaf\x27\x1c"), "packed with 7z"));
  CHECK(holds(packed("BZh9"), "packed with bzip2"));
  CHECK(holds(packed(std::string("\xfd"
                                 "7zXZ\0",
                                 6)),
              "packed with xz"));
  const ArchiveFile file(
      std::string("\xfd"
                  "7zXZ\0",
                  6));
  try {
    static_cast<void>(file.open());
  } catch (const Error& error) {
    CHECK(holds(error.hint_text(), ": xz -dc < " + file.path.string() + " > " + file.path.string() + ".tar"));
  }
}

TEST_CASE("a compressed archive is unpacked to a temporary file") {
  const auto items_in = [](const std::string& packed) { return ArchiveFile(packed).open()->items().size(); };
  CHECK(items_in(gzip(layout_tar())) == 1);
  CHECK(items_in(zstd(layout_tar())) == 1);
  CHECK(needs_temporary_file(ArchiveFile(gzip("x")).path));
  CHECK_FALSE(needs_temporary_file(ArchiveFile(layout_tar()).path));
  CHECK_FALSE(needs_temporary_file("/nowhere"));
  const std::string whole = gzip(layout_tar());
  CHECK(refusal(whole.substr(0, whole.size() / 2), ErrorCode::Corrupt) != "nothing");
  CHECK(holds(refusal(gzip(gzip(layout_tar())), ErrorCode::Hostile),
              "is packed twice: with gzip, and within that with gzip"));
}

TEST_CASE("a layout in a folder, and one without oci-layout, are read with a note") {
  for (const char* folder : {"images/", "./images/"}) {
    const auto archive = ArchiveFile(layout_tar(folder)).open();
    REQUIRE(archive->items().size() == 1);
    const Digest digest = archive->items()[0].descriptor.digest;
    CHECK(archive->manifest(digest.text())->bytes == kManifest);
    CHECK(holds(archive->name_of(digest), "images/blobs/sha256/"));
    REQUIRE(archive->notes().size() == 1);
    CHECK(holds(archive->notes()[0], "the folder images"));
  }
  const std::string bare = TarBuilder()
                               .file("index.json", index_of(entry()))
                               .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest)
                               .tar();
  CHECK(holds(ArchiveFile(bare).open()->notes().at(0), "oci-layout is missing"));
  const std::string two =
      TarBuilder().file("a/index.json", index_of(entry())).file("b/index.json", index_of(entry())).tar();
  CHECK(holds(refusal(two, ErrorCode::Hostile), "in its folders a, b"));
}

TEST_CASE("an invalid name is reported, and the image keeps the others") {
  const auto read = [](const std::string& annotations) { return read_layout_index(index_of(entry(annotations))); };
  for (const char* name : {"MyApp:1.0", "1.0+build5", "app:1.0+build5"}) {
    const LayoutIndex index = read(ref_name(name));
    REQUIRE(index.notes.size() == 1);
    CHECK(holds(index.notes[0], "without its name '" + std::string(name) + "'"));
    CHECK(index.items.at(0).reference.name == unnamed_repository());
  }
  const LayoutIndex mixed = read(ref_name("1.0+b") + R"(,"io.containerd.image.name":"docker.io/library/nginx:1.25")");
  CHECK(mixed.notes.size() == 1);
  CHECK(mixed.items.at(0).tag == "1.25");
  CHECK(read(ref_name("v1")).notes.empty());
}

namespace {

std::string kind(const std::string& value) { return R"("kind":")" + value + "\""; }

/// The signature's manifest, its payload, and a function that reads both.
struct Signature {
  explicit Signature(const Digest& image)
      : payload(R"({"critical":{"image":{"docker-manifest-digest":")" + image.text() + R"("}}})"),
        manifest(R"({"schemaVersion":2,"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json",)"
                 R"("digest":")" +
                 sha256(payload).text() + R"(","size":1}]})") {}
  [[nodiscard]] SmallBlobs blobs() const {
    return [this](const Digest& digest) -> std::optional<std::string> {
      if (digest == sha256(manifest)) return manifest;
      return digest == sha256(payload) ? std::optional(payload) : std::nullopt;
    };
  }
  std::string payload;
  std::string manifest;
};

}  // namespace

TEST_CASE("artifacts that cosign save and hauler mark as attached get their tag beside their image") {
  const Digest image = sha256(kManifest);
  const Digest other = sha256("other");
  const Signature signature(other);
  const Digest digest = sha256(signature.manifest);
  const std::string names = ref_name("team/app:v1");
  for (const std::string writer : {"dev.cosignproject.cosign/", "dev.hauler/"}) {
    const auto read = [&](const std::string& entries, const SmallBlobs& blobs = {}) {
      return read_layout_index(index_of(entries), blobs);
    };
    const std::string first = entry(kind(writer + "image") + "," + names);
    const std::string sigs = entry(kind(writer + "sigs") + "," + names, digest);
    // Its payload names another image than the one before it.
    CHECK(read(first + "," + sigs, signature.blobs()).items.at(1).tag == attachment_tag(other, "sig"));
    // Without the payload, by the name, wherever the image is; and the image's tag is not the signature's.
    for (const LayoutIndex& index : {read(first + "," + sigs), read(sigs + "," + first)}) {
      REQUIRE(index.items.size() == 2);
      CHECK(index.items[0].tag == "v1");
      CHECK(index.items[1].tag == attachment_tag(image, "sig"));
      CHECK(index.items[1].role == ArchiveRole::Referrer);
      CHECK(index.notes.empty());
    }
    // Without a name, by the place.
    const std::string sbom = entry(kind(writer + "sboms"), digest);
    CHECK(read(first + "," + sbom).items.at(1).tag == attachment_tag(image, "sbom"));
    CHECK(read(first + "," + entry(kind(writer + "atts"), digest)).items.at(1).tag == attachment_tag(image, "att"));
    const LayoutIndex lost = read(sbom);
    CHECK_FALSE(lost.items.at(0).tag);
    CHECK(holds(lost.notes.at(0), "nothing says which image"));
    // A referrer's manifest says its subject, and the name is not its own.
    CHECK_FALSE(read(entry(kind(writer + "referrers/" + hex(other)) + "," + names)).items.at(0).tag);
  }
}

TEST_CASE("a sealed archive that was repacked is read as a layout, with a note about its seal") {
  const std::string sealed_again = TarBuilder()
                                       .file("index.json", index_of(entry()))
                                       .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest)
                                       .file("oci-layout", kLayout)
                                       .file("ociferry.json", "{}")
                                       .tar();
  const auto archive = ArchiveFile(sealed_again).open();
  CHECK(archive->format() == ArchiveFormat::OciLayout);
  CHECK(holds(archive->notes().at(0), "its seal (ociferry.json) no longer holds"));
}

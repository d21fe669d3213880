#include "layout/oci_layout.hpp"
#include "layout/archive_names.hpp"

#include "archive_files.hpp"
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

std::vector<ArchiveItem> items_of(const std::string& entries) { return read_layout_index(index_of(entries)); }

std::string layout_tar(const std::string& prefix = "", const std::string& index = index_of(entry())) {
  return TarBuilder()
      .file(prefix + "blobs/sha256/" + hex(sha256(kManifest)), kManifest)
      .file(prefix + "index.json", index)
      .file(prefix + "oci-layout", kLayout)
      .tar();
}

}  // namespace

TEST_CASE("a layout in a tar is read with and without ./ in front of names, whatever comes first") {
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

TEST_CASE("a layout in a directory is read, and a file of it that is no file is not waited for") {
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

TEST_CASE("names and tags are those of the annotations; an image without one keeps its digest only") {
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

TEST_CASE("an image under two names is one image with two tags") {
  const auto items = items_of(entry(ref_name("v1")) + "," + entry(ref_name("registry.example/a/b:v2")));
  REQUIRE(items.size() == 2);
  for (const ArchiveItem& item : items) CHECK(to_string(item.reference.name) == "registry.example/a/b");
  CHECK(items[0].tag == "v1");
  CHECK(items[1].tag == "v2");
}

TEST_CASE("tags that only say digests make no root, and say what the image is") {
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

TEST_CASE("a referrers tag stands for what its index lists") {
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

TEST_CASE("a blob that is not what its name says is refused when it is read") {
  const std::string tar = TarBuilder()
                              .file("oci-layout", kLayout)
                              .file("index.json", index_of(entry()))
                              .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest + " ")
                              .tar();
  const ArchiveFile file(tar);
  CHECK_THROWS_AS(static_cast<void>(file.open()->manifest(sha256(kManifest).text())), Error);
}

TEST_CASE("a layout whose table is missing, of another version or malformed is refused") {
  CHECK(holds(refusal(TarBuilder().file("oci-layout", kLayout).tar(), ErrorCode::Hostile), "neither oci-layout and"));
  CHECK(holds(refusal(layout_tar("", "{}"), ErrorCode::Hostile), "\"manifests\" is missing"));
  CHECK(holds(refusal(layout_tar("", index_of("")), ErrorCode::Hostile), "lists no images"));
  CHECK(refusal(layout_tar("", "[" + std::string(100, '[')), ErrorCode::Hostile) != "nothing");
  const std::string future =
      TarBuilder().file("oci-layout", R"({"imageLayoutVersion":"2.0.0"})").file("index.json", index_of(entry())).tar();
  CHECK(holds(refusal(future, ErrorCode::Hostile), "unknown version '2.0.0'"));
}

TEST_CASE("what is compressed as a whole, empty or something else is told what to do") {
  CHECK(holds(refusal("\x1f\x8b" + layout_tar(), ErrorCode::Hostile), "compressed with gzip"));
  CHECK(holds(refusal("\x28\xb5\x2f\xfd" + layout_tar(), ErrorCode::Hostile), "compressed with zstd"));
  CHECK(holds(refusal("", ErrorCode::Hostile), "it is empty"));
  CHECK(refusal(std::string(4096, 'q'), ErrorCode::Corrupt) != "nothing");
  CHECK(refusal("PK\x03\x04", ErrorCode::Corrupt) != "nothing");
  CHECK(holds(refusal(TarBuilder().file("readme", "x").tar(), ErrorCode::Hostile), "nor manifest.json"));
}

TEST_CASE("a sealed archive that was packed again is not taken for a layout as long as it has its seal") {
  const std::string sealed_again = TarBuilder()
                                       .file("index.json", index_of(entry()))
                                       .file("blobs/sha256/" + hex(sha256(kManifest)), kManifest)
                                       .file("oci-layout", kLayout)
                                       .file("ociferry.json", "{}")
                                       .tar();
  CHECK(holds(refusal(sealed_again, ErrorCode::Corrupt), "not the archive that was sealed"));
}

#include "archive/layer_writer.hpp"

#include <doctest/doctest.h>

#include "archive/single_layer_image.hpp"
#include "base/fd.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/temp_tree.hpp"

using namespace ociferry;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLimit = 64 * 1024 * 1024;
const std::map<std::string, std::string> kBundleLabels = {{"dev.carvel.imgpkg.bundle", "true"}};

std::string fixture(const std::string& name) { return read_file(std::string(FIXTURES "/") + name, kLimit); }

PackedLayer pack(const std::vector<fs::path>& arguments, std::string& bytes,
                 Permissions permissions = Permissions::OwnerOnly) {
  StringSink out(kLimit);
  const PackedLayer packed = write_layer(collect_files(arguments, {".git"}), permissions, out, {});
  bytes = std::move(out.content);
  return packed;
}

/// Compares with an image that imgpkg pushed: layer, config, manifest and digest.
void check_equal(const PackedLayer& packed, const std::string& bytes, const std::map<std::string, std::string>& labels,
                 const std::string& image) {
  CAPTURE(image);
  const std::string folder = "imgpkg/" + image + "/";
  CHECK((bytes == fixture(folder + "layer.tar.gz")));
  CHECK(packed.diff_id == sha256(fixture(folder + "layer.tar")));
  CHECK(packed.layer.digest == sha256(bytes));
  CHECK(packed.layer.size == bytes.size());
  CHECK(packed.layer.media_type == media_type::kDockerLayerGzip);
  const SingleLayerImage built = make_single_layer_image(packed.diff_id, packed.layer, labels);
  CHECK(built.config == fixture(folder + "config.json"));
  CHECK(built.manifest.bytes == fixture(folder + "manifest.json"));
  CHECK(built.manifest.descriptor.digest.text() + "\n" == fixture(folder + "DIGEST"));
  CHECK(built.manifest.descriptor.size == built.manifest.bytes.size());
  CHECK(built.manifest.descriptor.media_type == media_type::kDockerManifest);
}

void fill_with_odd_names(TempTree& tree) {
  const std::string long_directory = std::string(60, 'd') + "/" + std::string(60, 'e');
  tree.file(".imgpkg/images.yml",
            "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: "
            "localhost:5601/apps/simple-app@sha256:"
            "ba884ecf3f4a440b8565e08be3edec93b2dc857a32e1ce3a782af34b94eb050e\n")
      .file("B", "B\n")
      .file("a/f", "hi\n")
      .file("a-b", "x\n", 0400)
      .file("a.d/z", "y\n")
      .file(long_directory + "/file", "long\n")
      .directory("empty", 0711)
      .file(std::string(120, 'f'), "long\n", 0666)
      .file("run.sh", "#!/bin/sh\n", 0755)
      .file("sp ace/q", "q\n")
      .file("sub/.git/g", "g\n")
      .file(".git/config", "left out\n")
      .file("zero", "", 04711)
      .file("é.txt", "é\n");
}

std::string failure_of(const std::vector<FileEntry>& files, ErrorCode code, std::stop_token stop = {}) {
  StringSink out(kLimit);
  try {
    (void)write_layer(files, Permissions::OwnerOnly, out, std::move(stop));
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.message();
  }
  return "";
}

}  // namespace

TEST_CASE("a bundle gets the digest that imgpkg gave it") {
  std::string bytes;
  for (const std::string version : {"today", "2021"}) {
    const PackedLayer packed = pack({FIXTURES "/content/basic-step-2-" + version}, bytes);
    check_equal(packed, bytes, kBundleLabels, "bundle-basic-step-2-" + (version == "2021" ? "2021-content" : version));
  }
}

TEST_CASE("a plain image gets the digest that imgpkg gave it") {
  TempTree tree;
  tree.file("a", "a\n");
  std::string bytes;
  const PackedLayer packed = pack({tree.path()}, bytes);
  check_equal(packed, bytes, {}, "image-plain-push");
}

TEST_CASE("a bundle with odd names and modes gets the digest that imgpkg gave it") {
  TempTree tree;
  fill_with_odd_names(tree);
  std::string bytes;
  const PackedLayer packed = pack({tree.path()}, bytes);
  check_equal(packed, bytes, kBundleLabels, "bundle-odd-names");
}

TEST_CASE("locations images get the digests that imgpkg gave them") {
  const auto check_locations = [](const std::string& image, const std::vector<std::string>& names) {
    std::map<std::string, std::string> files;
    for (const std::string& name : names) files[name] = fixture("imgpkg/" + image + "/" + name);
    StringSink out(kLimit);
    const PackedLayer packed = write_layer(files, out);
    check_equal(packed, out.content, {}, image);
  };
  check_locations("locations-inner-bundle", {"image-locations.yml"});
  check_locations("locations-empty-images-null", {"image-locations.yml"});
  check_locations("locations-two-files-seed-and-released", {"image-locations.yml", "images-locations.yml"});
}

TEST_CASE("group and other permissions do not change the layer, the owner's do") {
  TempTree tree;
  tree.file("x", "content", 0644).directory("d", 0755);
  std::string bytes;
  const Digest before = pack({tree.path()}, bytes).layer.digest;
  fs::permissions(tree.path("x"), static_cast<fs::perms>(04677));
  fs::permissions(tree.path("d"), static_cast<fs::perms>(01700));
  CHECK(pack({tree.path()}, bytes).layer.digest == before);
  fs::permissions(tree.path("x"), static_cast<fs::perms>(0744));
  CHECK(pack({tree.path()}, bytes).layer.digest != before);
}

// The digest was recorded from Go 1.19's archive/tar with the modes that Go has for these files.
TEST_CASE("preserved permissions are written as imgpkg writes them") {
  TempTree tree;
  tree.file("root/data", "data\n", 0644)
      .file("root/setuid", "s\n", 04755)
      .file("root/setgid", "g\n", 02750)
      .file("root/sticky", "t\n", 01644)
      .directory("root/sub", 0700)
      .directory("root", 0755);
  std::string bytes;
  const PackedLayer packed = pack({tree.path("root")}, bytes, Permissions::Preserve);
  CHECK(packed.diff_id.hex() == "49f5b58201351e1e7b7e386f586a01f931a50e4c306aa868581e916d848e51a4");
}

TEST_CASE("a layer of many blocks is the same whether its files are large or small") {
  TempTree tree;
  const std::string large(700'001, 'z');
  tree.file("large", large);
  std::string bytes;
  const PackedLayer from_disk = pack({tree.path("large")}, bytes);
  const std::string header = tar_header({"large", TarType::File, 0600, large.size()});
  CHECK(from_disk.diff_id == sha256(header + large + std::string(tar_padding(large.size()) + kTarEnd, '\0')));
}

TEST_CASE("a layer without files is an empty archive") {
  StringSink out(kLimit);
  CHECK(write_layer(std::vector<FileEntry>{}, Permissions::OwnerOnly, out, {}).diff_id ==
        sha256(std::string(1024, '\0')));
}

TEST_CASE("a file that changed since it was listed is an error that names it") {
  TempTree tree;
  tree.file("f", "12345");
  const auto files = collect_files({tree.path()}, {});
  for (const char* content : {"1234", "123456", ""}) {
    tree.file("f", content);
    CHECK(failure_of(files, ErrorCode::Io) == tree.path("f").string() + " changed while it was being read");
  }
  fs::remove(tree.path("f"));
  CHECK(failure_of(files, ErrorCode::NotFound).find(tree.path("f").string()) != std::string::npos);
}

TEST_CASE("a link or directory that replaced a file is not followed") {
  TempTree tree;
  tree.file("f", "12345").file("other", "12345");
  const auto files = collect_files({tree.path("f")}, {});
  fs::remove(tree.path("f"));
  fs::create_symlink("other", tree.path("f"));
  CHECK(failure_of(files, ErrorCode::Io) != "");
  fs::remove(tree.path("f"));
  fs::create_directory(tree.path("f"));
  CHECK(failure_of(files, ErrorCode::Io) != "");
}

TEST_CASE("packing ends when a stop is requested") {
  TempTree tree;
  tree.file("f", "12345");
  std::stop_source stop;
  stop.request_stop();
  CHECK(failure_of(collect_files({tree.path()}, {}), ErrorCode::Interrupted, stop.get_token()) == "interrupted");
}

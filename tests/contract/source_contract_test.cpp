#include <doctest/doctest.h>

#include "contract/source_contract.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "registry/registry_client.hpp"
#include "store/forwarding_source.hpp"
#include "store/medium_blob.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_registry.hpp"
#include "support/fake_transport.hpp"
#include "support/image_builder.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/memory_blobs.hpp"

// Everything that is read from keeps one contract. What wraps blobs for one command is held to it where that is tested.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const Image& image() {
  static const Image made = make_image({.layers = {{.size = 3'000'000}}});  // more than is collected before it is read
  return made;
}

std::shared_ptr<MemoryTarget> in_memory() {
  auto memory = std::make_shared<MemoryTarget>();
  for (const auto& [digest, content] : image().blobs) memory->add_blob(content, "application/octet-stream");
  memory->put_manifest(image().manifests.front(), image().descriptor.digest.text());
  return memory;
}

/// A directory for archives of the image.
struct Archives {
  TempDirectory directory = temp_directory();
  std::filesystem::path path = directory.path() / "a.tar";

  void check(const std::filesystem::path& at, ArchiveFormat format) const {
    const auto archive = open_image_archive(at);
    CHECK(archive->format() == format);
    CHECK((archive->sealed() != nullptr) == (format == ArchiveFormat::Sealed));
    check_image_source(*archive, archive->items().front().descriptor.digest);
  }
  void check_tar(const TarBuilder& tar, ArchiveFormat format) const {
    write_text(path, tar.tar());
    check(path, format);
  }
};

TarBuilder layout_tar(const std::string& folder) {
  const Archives archives;
  write_layout(image(), archives.directory.path() / "layout", "v1");
  TarBuilder tar;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(archives.directory.path() / "layout")) {
    if (!entry.is_regular_file()) continue;
    const auto name = std::filesystem::relative(entry.path(), archives.directory.path() / "layout");
    tar.file(folder + name.string(), read_text(entry.path()));
  }
  return tar;
}

}  // namespace

TEST_CASE("MemoryTarget is read by the contract") { check_image_source(*in_memory(), image().descriptor.digest); }

TEST_CASE("MemoryBlobs is read by the contract") {
  MemoryBlobs blobs;
  const std::string content = "content";
  blobs.add(sha256(content), content);
  check_blob_source(blobs, {.media_type = "x", .digest = sha256(content), .size = content.size()});
}

TEST_CASE("MediumBlob is read by the contract") {
  const TempDirectory directory = temp_directory();
  const std::string content = "content";
  write_text(directory.path() / "blob", content);
  MediumBlob blob(sha256(content), open_medium(directory.path() / "blob"));
  check_blob_source(blob, {.media_type = "x", .digest = sha256(content), .size = content.size()});
}

TEST_CASE("ForwardingSource is read by the contract, and has the home of what it forwards to") {
  const auto memory = in_memory();
  ForwardingSource source(memory);
  const auto manifest =
      std::get<Manifest>(parse_manifest(image().manifests.front().bytes, image().descriptor.media_type));
  for (const Descriptor& blob : {manifest.config.value(), manifest.layers.front()}) check_blob_source(source, blob);
  CHECK(source.home() == memory->home());
  CHECK(source.mountable_from() == memory->mountable_from());
  CHECK(source.is_mount_certain() == memory->is_mount_certain());
}

TEST_CASE("CachingSource is read by the contract, before and after it has kept a blob") {
  CachingSource source(in_memory(), std::make_shared<CacheBudget>(kCacheBytes));
  check_image_source(source, image().descriptor.digest);
  const auto raw = source.manifest(image().descriptor.digest.text()).value();
  const auto manifest = std::get<Manifest>(parse_manifest(raw.bytes, raw.descriptor.media_type));
  static_cast<void>(source.read_blob(manifest.config.value(), 1 << 20, {}));
  check_image_source(source, image().descriptor.digest);
}

TEST_CASE("Repository is read by the contract") {
  FakeRegistry registry;
  for (const auto& [digest, content] : image().blobs) registry.add_blob("team/app", content);
  FakeClock clock;
  RegistryClient client({}, std::make_shared<FakeTransport>(registry.handler()), silent_progress(), {}, {}, clock);
  const auto repository = client.repository({"reg.example", "team/app"});
  repository->put_manifest(image().manifests.front(), image().descriptor.digest.text());
  check_image_source(*repository, image().descriptor.digest);
}

TEST_CASE("ArchiveReader is read by the contract") {
  const Archives archives;
  const auto memory = in_memory();
  const RawManifest& raw = image().manifests.front();
  memory->add_blob(raw.bytes, raw.descriptor.media_type);
  std::vector<Descriptor> blobs{raw.descriptor};
  for (const auto& [digest, content] : image().blobs) {
    blobs.push_back({.media_type = {}, .digest = digest, .size = content.size()});
  }
  const ArchiveItem item{.descriptor = raw.descriptor,
                         .is_root = true,
                         .reference = {{"reg.example", "team/app"}, std::nullopt, raw.descriptor.digest}};
  ArchiveWriter writer(std::make_unique<PartialFile>(archives.path), plan_archive({item}, blobs));
  for (const Descriptor& blob : blobs) writer.put_blob(blob, *memory, silent_progress(), {});
  writer.commit();
  archives.check(archives.path, ArchiveFormat::Sealed);
}

TEST_CASE("OciLayout is read by the contract: a directory, a tar, and a folder in a tar") {
  const Archives archives;
  write_layout(image(), archives.directory.path() / "layout", "v1");
  archives.check(archives.directory.path() / "layout", ArchiveFormat::OciLayout);
  for (const char* folder : {"", "images/"}) archives.check_tar(layout_tar(folder), ArchiveFormat::OciLayout);
}

TEST_CASE("ListedArchive is read by the contract: a docker-save archive and imgpkg's tar") {
  const std::string layer = TarBuilder().file("one", std::string(2000, '1')).tar();
  const std::string config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
                             sha256(layer).text() + R"("]}})";
  const Archives archives;
  archives.check_tar(TarBuilder()
                         .file("config.json", config)
                         .file("layer.tar", layer)
                         .file("manifest.json", R"([{"Config":"config.json","RepoTags":[],"Layers":["layer.tar"]}])"),
                     ArchiveFormat::DockerArchive);
  archives.check(FIXTURES "/imgpkg/imgpkg-tar-outer.tar", ArchiveFormat::ImgpkgTar);
}

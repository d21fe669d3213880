#include "ferry/gather/archive_first.hpp"

#include <doctest/doctest.h>

#include "contract/source_contract.hpp"
#include "layout/open_archive.hpp"
#include "store/memory_target.hpp"
#include "support/image_builder.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::shared_ptr<MemoryTarget> registry_of(const Image& image) {
  auto memory = std::make_shared<MemoryTarget>();
  for (const auto& [digest, content] : image.blobs) memory->add_blob(content, "application/octet-stream");
  memory->put_manifest(image.manifests.front(), image.descriptor.digest.text());
  return memory;
}

}  // namespace

TEST_CASE("ArchiveFirst is read by the contract of a store, whether the archive has the blobs or not") {
  const Image image = make_image({.layers = {{.size = 3000}}});
  const Image other = make_image({.layers = {{.size = 2000}}});
  const TempDirectory directory = temp_directory();
  for (const Image& archived : {image, other}) {
    const auto path = directory.path() / archived.descriptor.digest.hex();
    write_layout(archived, path, "v1");
    const std::shared_ptr<ImageArchive> archive = open_image_archive(path);
    const auto registry = registry_of(image);
    const OpenSource open = archive_first([&](const RepositoryName&) { return registry; }, archive);
    check_image_source(*open({"reg.example", "team/app"}), image.descriptor.digest);
  }
}

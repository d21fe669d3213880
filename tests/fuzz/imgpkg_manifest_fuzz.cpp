// The manifest.json of imgpkg's tars: any bytes are read or refused; what is read holds nothing that contradicts its
// digest, and every image it lists is there and named by it.

#include "fuzz.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

void check(const ListedContents& contents) {
  testing::require(!contents.items.empty(), "there is an image");
  for (const ArchiveItem& item : contents.items) {
    testing::require(contents.manifests.contains(item.descriptor.digest), "a listed image is there");
    testing::require(item.reference.digest == item.descriptor.digest, "an image's name has its digest");
    testing::require(!item.tag || is_valid_tag(*item.tag), "a tag is one");
  }
  for (const auto& [digest, raw] : contents.manifests) {
    testing::require(digest_of(raw.bytes, digest.algorithm()) == digest, "a manifest has its digest");
    testing::require(raw.descriptor.size == raw.bytes.size(), "a manifest has its size");
    static_cast<void>(parse_manifest(raw.bytes, raw.descriptor.media_type));
  }
  for (const auto& [digest, config] : contents.configs) {
    testing::require(digest_of(config, digest.algorithm()) == digest, "a configuration has its digest");
  }
  for (const auto& [digest, file] : contents.layers) {
    testing::require(file.find('/') == std::string::npos && file.ends_with(".tar.gz"), "a layer's file has no path");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(read_imgpkg_manifest(testing::fuzz_text(data, size)));
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Hostile || error.code() == ErrorCode::Corrupt,
                     "a refusal says what is wrong with the list");
  }
  return 0;
}

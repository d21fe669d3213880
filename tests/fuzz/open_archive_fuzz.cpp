// A file of any bytes is an archive of some tool or is refused; whatever one lists can be asked for, and what it gives
// is what it promised or is refused too.

#include <sys/mman.h>

#include <string>

#include "base/fd.hpp"
#include "fuzz.hpp"
#include "layout/image_archive.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

using namespace ociferry;

namespace {

constexpr std::uint64_t kLimit = 1 << 24;

void read_blob(ImageArchive& archive, const Descriptor& blob) {
  if (!archive.size_of(blob.digest)) return;
  VerifyingSource source(archive.open(blob, 0, {}), blob, archive.name_of(blob.digest));
  testing::require(read_all(source, kLimit).size() == blob.size, "a blob has its size");
}

void read_item(ImageArchive& archive, const ArchiveItem& item) {
  const auto raw = archive.manifest(item.descriptor.digest.text());
  if (!raw) return;
  testing::require(digest_of(raw->bytes, item.descriptor.digest.algorithm()) == item.descriptor.digest,
                   "a manifest has its digest");
  const auto parsed = parse_manifest(raw->bytes, raw->descriptor.media_type);
  const auto* image = std::get_if<Manifest>(&parsed);
  if (image == nullptr) return;
  if (image->config) read_blob(archive, *image->config);
  for (const Descriptor& layer : image->layers) read_blob(archive, layer);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const UniqueFd file(::memfd_create("archive", MFD_CLOEXEC));
  try {
    write_full(file.get(), as_bytes(testing::fuzz_text(data, size)), "archive");
    const auto archive = open_image_archive("/proc/self/fd/" + std::to_string(file.get()));
    for (const ArchiveItem& item : archive->items()) read_item(*archive, item);
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    testing::require(code == ErrorCode::Corrupt || code == ErrorCode::Hostile || code == ErrorCode::Incomplete,
                     "a refusal says what is wrong with the archive");
  }
  return 0;
}

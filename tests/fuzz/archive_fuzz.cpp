// A file of any bytes is an archive or is refused; an archive that is accepted is exactly the one its plan describes.

#include <sys/mman.h>

#include <string>

#include "base/fd.hpp"
#include "fuzz.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

using namespace ociferry;

namespace {

void check(const std::string& path) {
  ArchiveReader reader(path);
  reader.check_headers();
  const ArchivePlan& plan = reader.plan();
  std::vector<FrontFile> files = plan.codec->write_files(reader.items(), "[]");
  for (std::size_t i = 2; i < files.size(); ++i) files[i] = plan.front[i];
  const ArchivePlan again = plan_archive(*plan.codec, std::move(files), reader.blobs(), 0, plan.delta);
  testing::require(again.seal() == plan.seal(), "the plan is a function of the front and the blobs");
  for (const Descriptor& blob : reader.blobs()) {
    VerifyingSource source(reader.open(blob, 0, {}), blob, reader.name_of(blob.digest));
    testing::require(read_all(source, 1 << 24).size() == blob.size, "a blob has its size");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const UniqueFd file(::memfd_create("archive", MFD_CLOEXEC));
  try {
    write_full(file.get(), as_bytes(testing::fuzz_text(data, size)), "archive");
    check("/proc/self/fd/" + std::to_string(file.get()));
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    testing::require(code == ErrorCode::Corrupt || code == ErrorCode::Hostile || code == ErrorCode::Incomplete ||
                         code == ErrorCode::Usage,
                     "a refusal says what is wrong with the archive");
  }
  return 0;
}

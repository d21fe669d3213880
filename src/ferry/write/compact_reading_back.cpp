#include "ferry/write/compact_reading_back.hpp"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "archive/unpacker.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/gather/verify_medium.hpp"
#include "layout/compact/watched_source.hpp"
#include "medium/device_reader.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

/// The digest of `bytes` bytes of `medium`, from `offset` on.
Digest hash_part(const Medium& medium, std::uint64_t offset, std::uint64_t bytes, const Context& context) {
  compact::WatchedSource source(std::make_unique<MediumSource>(medium, offset, bytes), *context.progress);
  Hasher hasher;
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (const std::size_t got = source.read(buffer)) {
    throw_if_stopped(context.stop);
    hasher.update(Bytes(buffer).first(got));
  }
  return hasher.finish();
}

MediumReading read_medium(const CompactOutput& written, const Context& context) {
  DeviceReader device(*context.progress);
  const std::vector<WrittenVolume> files = written.files();
  try {
    const auto medium = written.reopen(&device);
    context.progress->phase("reading the medium back", medium->size());
    std::uint64_t offset = 0;
    for (const WrittenVolume& file : files) {
      if (hash_part(*medium, offset, file.bytes, context) != file.digest) {
        const std::string partial = PartialFile::path_for(file.path).string();
        throw Error(ErrorCode::Corrupt, text::cat(partial, " does not have the digest of what was written",
                                                  device.tell_of(partial, 0, file.bytes)));
      }
      offset += file.bytes;
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt && error.code() != ErrorCode::Io) throw;
    throw Error(error.code(),
                text::cat("the archive was written, but its medium returns something else: ", error.message()))
        .hint(
            "try another slot or cable; if it comes again, the medium is failing or its capacity is false: write to "
            "another one; nothing of the compact archive was left");
  }
  return reading_of(device, files.front().path.string(), *context.progress);
}

void check_content(const Medium& packed, const Context& context) {
  context.progress->phase("reading the compact archive back", packed.size());
  compact::WatchedSource source(std::make_unique<MediumSource>(packed, 0, packed.size()), *context.progress);
  UnpackLimits limits = context.unpack;
  limits.ratio = std::numeric_limits<std::uint64_t>::max();  // it is our own
  Unpacker unpacked(source, packed.name(), limits);
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (unpacked.read(buffer) > 0) throw_if_stopped(context.stop);
}

}  // namespace

std::optional<MediumReading> read_back(const CompactOutput& written, bool verify_medium, const Context& context) {
  std::optional<MediumReading> reading;
  if (verify_medium) reading = read_medium(written, context);
  check_content(*written.reopen(), context);
  return reading;
}

}  // namespace ociferry

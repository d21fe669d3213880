#include "contract/source_contract.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry::testing {

namespace {

std::string read_from(BlobSource& source, const Descriptor& blob, std::uint64_t offset) {
  return read_all(*source.open(blob, offset, {}), blob.size);
}

/// NotFound, whatever kind of place it is: only who reads it knows what that means.
void check_absent(BlobSource& source) {
  const Descriptor absent{.media_type = "application/octet-stream", .digest = sha256("absent"), .size = 6};
  CHECK(source.name_of(absent.digest).find(absent.digest.hex()) != std::string::npos);
  StringSink sink(absent.size);
  for (const std::uint64_t offset : {std::uint64_t{0}, absent.size - 1}) {
    CAPTURE(offset);
    try {
      static_cast<void>(read_from(source, absent, offset));
      FAIL("an absent blob was read");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::NotFound);
    }
  }
  try {
    source.fetch(absent, sink, {});
    FAIL("an absent blob was fetched");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::NotFound);
  }
  CHECK(sink.content.empty());
}

void check_range(BlobSource& source, const Descriptor& blob, const std::string& content) {
  StringSink range(blob.size);
  if (!source.fetch_range(blob, 1, blob.size, range, {})) return;
  CHECK((range.content == content.substr(1)));
}

}  // namespace

void check_blob_source(BlobSource& source, const Descriptor& blob) {
  REQUIRE(blob.size >= 2);
  const std::string content = read_from(source, blob, 0);
  CHECK(digest_of(content, blob.digest.algorithm()) == blob.digest);
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, blob.size / 2, blob.size - 1}) {
    CAPTURE(offset);
    CHECK((read_from(source, blob, offset) == content.substr(static_cast<std::size_t>(offset))));
  }
  StringSink whole(blob.size);
  source.fetch(blob, whole, {});
  CHECK((whole.content == content));
  check_range(source, blob, content);
  CHECK_FALSE(source.name_of(blob.digest).empty());
  check_absent(source);
}

void check_image_source(ImageSource& source, const Digest& image) {
  const auto raw = source.manifest(image.text());
  REQUIRE(raw.has_value());
  CHECK(raw->descriptor.digest == image);
  CHECK(raw->descriptor.size == raw->bytes.size());
  CHECK(digest_of(raw->bytes, image.algorithm()) == image);
  const auto manifest = std::get<Manifest>(parse_manifest(raw->bytes, raw->descriptor.media_type));
  for (const Descriptor& blob : {manifest.config.value(), manifest.layers.front()}) {
    CAPTURE(blob.media_type);
    check_blob_source(source, blob);
    CHECK(source.is_blob(blob));
  }
  const Descriptor absent{.media_type = "application/octet-stream", .digest = sha256("absent"), .size = 6};
  CHECK_FALSE(source.is_blob(absent));
  CHECK_FALSE(source.manifest(absent.digest.text()).has_value());
  CHECK_FALSE(source.manifest("no-such-tag").has_value());
}

}  // namespace ociferry::testing

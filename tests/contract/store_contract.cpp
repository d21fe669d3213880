#include "contract/store_contract.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "oci/tag_names.hpp"
#include "store/limits.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"

namespace ociferry::testing {

namespace {

struct Counted : Progress {
  std::int64_t bytes = 0;
  std::int64_t skipped = 0;
  void advance(std::int64_t more) override { bytes += more; }
  void skip(std::int64_t more) override { skipped += more; }
};

/// No part of them is like another one.
std::string many_bytes(std::uint64_t size) {
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i * 7919);
  bytes.resize(size);
  return bytes;
}

/// An image in memory to be put somewhere.
struct Sample {
  MemoryTarget from;
  Descriptor config = from.add_blob("{}", std::string(media_type::kOciConfig));
  std::string layer_bytes = many_bytes(3 * limits::kSmallBlobBytes);
  Descriptor layer = from.add_blob(layer_bytes, std::string(media_type::kOciLayer));
  RawManifest manifest = make_manifest("");

  [[nodiscard]] RawManifest make_manifest(const std::string& note) const {
    std::string bytes =
        text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest, R"(","config":{"mediaType":")",
                  config.media_type, R"(","digest":")", config.digest.text(), R"(","size":)", config.size,
                  R"(},"layers":[{"mediaType":")", layer.media_type, R"(","digest":")", layer.digest.text(),
                  R"(","size":)", layer.size, R"(}],"annotations":{"note":")", note, R"("}})");
    return {{std::string(media_type::kOciManifest), sha256(bytes), bytes.size()}, bytes};
  }

  void put_blobs(Place place) {
    for (const Descriptor& blob : {config, layer}) place.target.put_blob(blob, from, silent_progress(), {});
  }
};

void check_blobs(Place place) {
  Sample sample;
  Counted progress;
  CHECK(place.target.put_blob(sample.layer, sample.from, progress, {}) == BlobOutcome::Written);
  CHECK(progress.bytes == static_cast<std::int64_t>(sample.layer.size));
  CHECK(place.target.put_blob(sample.layer, sample.from, progress, {}) == BlobOutcome::Existed);
  CHECK(progress.bytes == static_cast<std::int64_t>(sample.layer.size));
  CHECK(progress.skipped == static_cast<std::int64_t>(sample.layer.size));
  CHECK(sample.from.operations() == std::vector<std::string>{"open " + sample.layer.digest.text()});
  for (int times = 0; times < 2; ++times) {
    CHECK(sha256(read_all(*place.source.open(sample.layer, 0, {}), sample.layer.size)) == sample.layer.digest);
  }
  for (const std::uint64_t offset : {std::uint64_t{1}, sample.layer.size / 2, sample.layer.size - 1}) {
    CHECK((read_all(*place.source.open(sample.layer, offset, {}), sample.layer.size) ==
           sample.layer_bytes.substr(offset)));
  }
  StringSink sink(sample.layer.size);
  place.source.fetch(sample.layer, sink, {});
  CHECK(sha256(sink.content) == sample.layer.digest);
}

void check_empty_blob(Place place) {
  MemoryTarget from;
  const Descriptor empty = from.add_blob("", "application/octet-stream");
  CHECK(place.target.put_blob(empty, from, silent_progress(), {}) == BlobOutcome::Written);
  CHECK(read_all(*place.source.open(empty, 0, {}), 10).empty());
}

void check_missing(Place place) {
  const Sample sample;
  CHECK_FALSE(place.source.manifest("latest").has_value());
  CHECK_FALSE(place.source.manifest(sample.manifest.descriptor.digest.text()).has_value());
  CHECK_FALSE(place.target.resolve("latest").has_value());
  CHECK(code_of([&] { static_cast<void>(read_all(*place.source.open(sample.layer, 0, {}), sample.layer.size)); }) ==
        ErrorCode::NotFound);
  StringSink sink(sample.config.size);
  CHECK(code_of([&] { place.source.fetch(sample.config, sink, {}); }) == ErrorCode::NotFound);
}

void check_manifests(Place place) {
  Sample sample;
  sample.put_blobs(place);
  const std::string digest = sample.manifest.descriptor.digest.text();
  place.target.put_manifest(sample.manifest, digest);
  CHECK_FALSE(place.target.resolve("v1").has_value());
  place.target.put_manifest(sample.manifest, "v1");
  CHECK(place.target.resolve("v1") == sample.manifest.descriptor.digest);
  for (const std::string& selector : {digest, std::string("v1")}) {
    const auto got = place.source.manifest(selector);
    REQUIRE(got.has_value());
    CHECK(got->bytes == sample.manifest.bytes);
    CHECK(got->descriptor.digest == sample.manifest.descriptor.digest);
    CHECK(got->descriptor.size == sample.manifest.bytes.size());
    CHECK(got->descriptor.media_type == media_type::kOciManifest);
  }
  const RawManifest other = sample.make_manifest("second");
  place.target.put_manifest(other, "v1");
  CHECK(place.target.resolve("v1") == other.descriptor.digest);
  CHECK(place.source.manifest(digest).has_value());
}

void check_tags(Place place) {
  Sample sample;
  sample.put_blobs(place);
  place.target.put_manifest(sample.manifest, sample.manifest.descriptor.digest.text());
  CHECK(place.tags.list_tags().empty());
  for (const char* tag : {"v2", "v10", "V1", "v2"}) place.target.put_manifest(sample.manifest, tag);
  CHECK(place.tags.list_tags() == std::vector<std::string>{"V1", "v10", "v2"});
}

void check_referrers(Place place) {
  Sample sample;
  sample.put_blobs(place);
  place.target.put_manifest(sample.manifest, "v1");
  const Descriptor& subject = sample.manifest.descriptor;
  const std::string bytes = R"({"schemaVersion":2,"manifests":[],"subject":{"mediaType":")" + subject.media_type +
                            R"(","digest":")" + subject.digest.text() + R"(","size":)" + std::to_string(subject.size) +
                            "}}";
  const RawManifest referrer{{std::string(media_type::kOciIndex), sha256(bytes), bytes.size()}, bytes};
  place.target.put_manifest(referrer, referrer.descriptor.digest.text());
  auto listed = place.source.referrers(subject.digest);
  if (!listed) {
    const RawManifest list = place.source.manifest(referrers_tag(subject.digest)).value();
    listed = std::get<ImageIndex>(parse_manifest(list.bytes, list.descriptor.media_type)).manifests;
  }
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().digest == referrer.descriptor.digest);
  CHECK(listed->front().size == bytes.size());
}

void check_order(Place place) {
  Sample sample;
  place.target.put_blob(sample.config, sample.from, silent_progress(), {});
  CHECK(code_of([&] { place.target.put_manifest(sample.manifest, "v1"); }) == ErrorCode::Unstable);
  CHECK_FALSE(place.target.resolve("v1").has_value());
}

/// Gives other bytes than those asked for.
class Liar : public BlobSource {
 public:
  explicit Liar(std::string bytes) : bytes_(std::move(bytes)) {}
  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
    return std::make_unique<StringSource>(bytes_);
  }

 private:
  std::string bytes_;
};

void check_damage(Place place) {
  MemoryTarget from;
  const Descriptor blob = from.add_blob("right bytes", "application/octet-stream");
  Counted progress;
  for (const char* wrong : {"wrong bytes", "right byte", "right bytes and more", ""}) {
    CAPTURE(wrong);
    Liar liar{std::string(wrong)};
    CHECK(code_of([&] { place.target.put_blob(blob, liar, progress, {}); }) == ErrorCode::Corrupt);
  }
  CHECK(progress.bytes == 0);
  CHECK(place.target.put_blob(blob, from, progress, {}) == BlobOutcome::Written);
}

}  // namespace

void check_store_contract(const WithPlace& with_place) {
  SUBCASE("a blob is written once and can be read repeatedly") { with_place(check_blobs); }
  SUBCASE("an empty blob is a blob") { with_place(check_empty_blob); }
  SUBCASE("an absent manifest or tag is nullopt, and an absent blob is NotFound") { with_place(check_missing); }
  SUBCASE("manifests are kept byte for byte, tags can be moved") { with_place(check_manifests); }
  SUBCASE("tags are listed in order, digests are not") { with_place(check_tags); }
  SUBCASE("a manifest with a subject is listed as attached to it") { with_place(check_referrers); }
  SUBCASE("a manifest without its blobs is refused as Unstable, and no tag appears") { with_place(check_order); }
  SUBCASE("damaged content is refused, and its progress is taken back") { with_place(check_damage); }
}

}  // namespace ociferry::testing

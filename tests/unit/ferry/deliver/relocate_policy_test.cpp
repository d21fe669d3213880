#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ferry/deliver/relocate.hpp"
#include "oci/tag_names.hpp"
#include "sample_bundles.hpp"
#include "support/error_of.hpp"

// Destinations that let nobody read what is not signed yet, or take the types of one family only.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// What is neither a signature nor has one may be put, but not read: Harbor's project policy.
class SignedOnly : public MemoryTarget {
 public:
  explicit SignedOnly(std::optional<Digest> signature = {}) : MemoryTarget(kInside), signature_(std::move(signature)) {}
  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override {
    auto raw = MemoryTarget::manifest(selector);
    if (raw) check(*raw);
    return raw;
  }
  [[nodiscard]] std::optional<Digest> resolve(const std::string& selector) override {
    const auto digest = MemoryTarget::resolve(selector);
    if (digest) static_cast<void>(manifest(digest->text()));
    return digest;
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    if (selector.ends_with(".sig") && fails_before_signatures) throw Error(ErrorCode::Network, "the line is cut");
    MemoryTarget::put_manifest(manifest, selector);
  }
  bool fails_before_signatures = false;

 private:
  void check(const RawManifest& raw) {
    if (raw.descriptor.digest == signature_ || MemoryTarget::resolve(attachment_tag(raw.descriptor.digest, "sig")))
      return;
    throw Error(ErrorCode::Denied, "answered 412 (PROJECTPOLICYVIOLATION: The image is not signed.)");
  }

  std::optional<Digest> signature_;
};

/// Takes no manifests of Docker's types, but for the sample's own.
class OciOnly : public MemoryTarget {
 public:
  explicit OciOnly(const NestedSample& sample)
      : MemoryTarget(kInside), own_{*sample.image.digest, *sample.inner.digest, *sample.outer.digest} {}
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    const bool is_docker = manifest.descriptor.media_type == media_type::kDockerManifest;
    if (is_docker && !own_.contains(manifest.descriptor.digest)) {
      throw Error(ErrorCode::Refused, "answered 415 (MANIFEST_INVALID)");
    }
    MemoryTarget::put_manifest(manifest, selector);
  }

 private:
  std::set<Digest> own_;
};

struct SignedImage {
  SampleWorld world = {};
  Reference image = world.image("r.example/apps/a", "a");
  Reference signature = world.artifact("r.example/apps/a", "a signature", {}, attachment_tag(*image.digest, "sig"));
  ImageSet set =
      discover({root_of(image, SourceArgument::Kind::Image, "v1")}, world.opener(), {.referrers = Referrers::All}, {});
};

std::size_t puts(const MemoryTarget& target) {
  const auto all = target.operations();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [](const std::string& line) { return !line.starts_with("get "); }));
}

}  // namespace

TEST_CASE("signatures are put before anything is read back, for policies that block unsigned images") {
  SignedImage sample;
  SignedOnly target(sample.signature.digest);
  CHECK(put_inside(target, sample.set).manifests_written > 0);
  CHECK(target.tags().at("v1") == *sample.image.digest);
  const std::size_t before = puts(target);
  CHECK(put_inside(target, sample.set).manifests_written == 0);
  CHECK(puts(target) == before);
}

TEST_CASE("a run that ended before the signatures is resumed, although unsigned images may not be read") {
  SignedImage sample;
  SignedOnly target(sample.signature.digest);
  target.fails_before_signatures = true;
  CHECK(code_of([&] { put_inside(target, sample.set); }) == ErrorCode::Network);
  target.fails_before_signatures = false;
  put_inside(target, sample.set);
  CHECK(target.tags().contains("v1"));
}

TEST_CASE("an image that the destination's policy blocks is a final error") {
  SampleWorld world;
  const Reference image = world.image("r.example/apps/a", "a");
  const ImageSet set = discover({root_of(image, SourceArgument::Kind::Image, "v1")}, world.opener(), {}, {});
  SignedOnly target;
  const Error error = error_of([&] { put_inside(target, set); });
  CHECK(error.code() == ErrorCode::Denied);
  CHECK(error.message().find("not signed") != std::string::npos);
  CHECK_FALSE(target.tags().contains("v1"));
}

TEST_CASE("a destination of OCI types only gets locations images of those, and a second run has nothing to do") {
  NestedSample sample;
  OciOnly strict(sample);
  put_inside(strict, sample.set);
  for (const Reference& bundle : {sample.inner, sample.outer}) {
    const auto raw = strict.manifest(locations_tag(*bundle.digest));
    REQUIRE(raw.has_value());
    CHECK(raw->descriptor.media_type == media_type::kOciManifest);
    const auto image = std::get<Manifest>(parse_manifest(raw->bytes, ""));
    // imgpkg refuses a locations image whose layer is of an OCI type.
    CHECK(image.layers.front().media_type == media_type::kDockerLayerGzip);
    CHECK(strict.tags().contains(image_tag(raw->descriptor.digest)));
  }
  const std::size_t before = puts(strict);
  CHECK(put_inside(strict, sample.set).manifests_written == 0);
  CHECK(puts(strict) == before);
}

TEST_CASE("a tag whose target may not be read is moved with a warning, or kept with --keep-tags") {
  SignedImage sample;
  SampleWorld other;
  const Reference old = other.image("r.example/apps/a", "old");
  SignedOnly target(sample.signature.digest);
  const ImageSet old_set = discover({root_of(old, SourceArgument::Kind::Image, "v1")}, other.opener(), {}, {});
  MemoryTarget open(kInside);
  put_inside(open, old_set);
  const auto raw = open.MemoryTarget::manifest(old.digest->text()).value();
  for (const auto& blob : old_set.graph().blobs()) {
    static_cast<void>(target.put_blob(blob.second.descriptor, open, silent_progress(), {}));
  }
  target.put_manifest(raw, "v1");
  Warnings warnings;
  const auto run = [&](bool keep) {
    return relocate_to(target, sample.set, {.to = kInside, .keep_tags = keep},
                       {.registry = {.retry_delay = {}}, .jobs = 3, .progress = &warnings});
  };
  CHECK_THROWS_AS(run(true), Error);
  CHECK(target.tags().at("v1") == *old.digest);
  run(false);
  CHECK(target.tags().at("v1") == *sample.image.digest);
  CHECK(std::ranges::any_of(
      warnings.lines, [](const std::string& line) { return line.find("inside.example/my/apps:v1") != line.npos; }));
}

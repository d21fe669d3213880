#include "ferry/deliver/proof.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "stream/memory.hpp"

// Success is proved: what a destination accepted is asked for, or read, before the roots' tags are put.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct ProvedSample : NestedSample {
  Digest layer = set.graph().blobs_of(*image.digest).back().digest;
};

/// A registry that does not keep one blob, however often it accepts it, for some times.
class ForgetsBlob : public MemoryTarget {
 public:
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    MemoryTarget::put_manifest(manifest, selector);
    if (lost && times > 0 && selector == when) {
      --times;
      MemoryTarget::distrust(*lost);
    }
  }
  bool has_blob(const Descriptor& blob) override {
    ++asked;
    return MemoryTarget::has_blob(blob);
  }
  void distrust(const Digest& blob) override {
    ++distrusted;
    MemoryTarget::distrust(blob);
  }
  std::optional<Digest> lost;
  std::string when;  ///< the tag whose manifest is put last before it forgets
  std::atomic<int> times{0};
  std::atomic<int> asked{0};
  std::atomic<int> distrusted{0};
};

/// A registry that says that it has a blob, but gives other bytes, or fails, until the blob is uploaded once more.
class Lying : public MemoryTarget {
 public:
  explicit Lying(ErrorCode code) : code_(code) {}
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    if (!lies || blob.digest != spoiled) return MemoryTarget::open(blob, offset, std::move(stop));
    if (code_ == ErrorCode::Corrupt) return std::make_unique<StringSource>(std::string(blob.size, 'x'));
    throw Error(code_, "it broke off").transient();
  }
  void distrust(const Digest& blob) override {
    MemoryTarget::distrust(blob);
    if (blob == spoiled) lies = false;
  }
  std::optional<Digest> spoiled;  ///< set before it is used
  std::atomic<bool> lies{true};

 private:
  ErrorCode code_;
};

std::size_t puts_of(const MemoryTarget& target, const Digest& blob) {
  return static_cast<std::size_t>(std::ranges::count(target.operations(), "blob " + blob.text()));
}

std::size_t blobs_in(const ImageSet& set) {
  return set.graph().blobs().size() + 4;  // two locations images have a configuration and a layer each
}

}  // namespace

TEST_CASE("a blob that the destination loses is put again before the root's tag") {
  for (const Proof proof : {Proof::Blobs, Proof::Full}) {
    ProvedSample sample;
    ForgetsBlob target;
    target.lost = sample.layer;
    target.when = locations_tag(*sample.outer.digest);
    target.times = 2;
    const TransferReport report = put_inside(target, sample.set, {.proof = proof});
    CHECK(target.MemoryTarget::has_blob(sample.layer));
    CHECK(report.blobs_proved == blobs_in(sample.set));
    const auto operations = target.operations();
    const auto last_put = std::ranges::find(operations.rbegin(), operations.rend(), "blob " + sample.layer.text());
    CHECK(last_put != operations.rend());
    CHECK(std::ranges::find_if(operations, [](const auto& line) { return line.starts_with("tag v1"); }) >
          last_put.base() - 1);
  }
}

TEST_CASE("a destination that keeps losing a blob is Unstable after three rounds, without a root tag") {
  struct Black : MemoryTarget {
    BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
      if (blob.digest != hole) return MemoryTarget::put_blob(blob, from, progress, stop);
      ++puts;
      return BlobOutcome::Written;
    }
    // It takes manifests that refer to what it does not have, as some registries do.
    void put_manifest(const RawManifest& manifest, const std::string& selector) override {
      const bool whole = MemoryTarget::has_blob(*hole);
      if (!whole) add_blob(content, "");
      MemoryTarget::put_manifest(manifest, selector);
      if (!whole) MemoryTarget::distrust(*hole);
    }
    std::optional<Digest> hole;
    std::string content;
    std::atomic<int> puts{0};
  };
  for (const Proof proof : {Proof::Blobs, Proof::Full}) {
    ProvedSample sample;
    Black target;
    target.hole = sample.layer;
    const Graph::BlobNode& node = sample.set.graph().blobs().at(sample.layer);
    target.content = read_all(*node.source->open(node.descriptor, 0, {}), node.descriptor.size);
    try {
      put_inside(target, sample.set, {.proof = proof});
      FAIL("the destination has a hole");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Unstable);
      CHECK(error.message().find(sample.layer.text()) != std::string::npos);
    }
    CHECK(target.puts == 3);
    CHECK_FALSE(target.tags().contains("v1"));
    target.distrust(sample.layer);
    // The word of the registry is taken.
    CHECK(put_inside(target, sample.set, {.proof = Proof::Manifests}).blobs_proved == 0);
  }
}

TEST_CASE("a blob that the registry only claims to have is found by reading, and uploaded") {
  for (const ErrorCode code : {ErrorCode::Corrupt, ErrorCode::NotFound, ErrorCode::Network}) {
    CAPTURE(exit_code(code));
    ProvedSample sample;
    Lying target(code);
    put_inside(target, sample.set, {.proof = Proof::Full});
    const auto before = puts_of(target, sample.layer);
    target.spoiled = sample.layer;
    CHECK(put_inside(target, sample.set, {.proof = Proof::Manifests}).blobs_written == 0);
    CHECK(put_inside(target, sample.set, {.proof = Proof::Blobs}).blobs_written == 0);
    const TransferReport report = put_inside(target, sample.set, {.proof = Proof::Full});
    CHECK(report.blobs_written == 1);
    CHECK(report.blobs_proved == blobs_in(sample.set));
    CHECK(puts_of(target, sample.layer) == before + 1);
  }
}

TEST_CASE("--verify=blobs asks for every blob although all tags are right; without it no requests follow") {
  ProvedSample sample;
  ForgetsBlob target;
  put_inside(target, sample.set, {.proof = Proof::Manifests});
  CHECK(target.asked == 0);
  CHECK(put_inside(target, sample.set, {.proof = Proof::Blobs}).blobs_proved == blobs_in(sample.set));
  CHECK(target.asked == static_cast<int>(blobs_in(sample.set)));
  CHECK(target.distrusted == 0);
  target.MemoryTarget::distrust(sample.layer);
  CHECK(put_inside(target, sample.set, {.proof = Proof::Blobs}).blobs_written == 1);
  CHECK(target.distrusted == 1);
}

TEST_CASE("a manifest that is gone below right tags is found and put again") {
  ProvedSample sample;
  struct Loses : MemoryTarget {
    std::optional<RawManifest> manifest(const std::string& selector) override {
      auto found = MemoryTarget::manifest(selector);
      return is_gone && found && found->descriptor.digest == lost ? std::nullopt : found;
    }
    void put_manifest(const RawManifest& manifest, const std::string& selector) override {
      if (manifest.descriptor.digest == lost) is_gone = false;
      MemoryTarget::put_manifest(manifest, selector);
    }
    std::optional<Digest> lost;
    std::atomic<bool> is_gone{false};
  } target;
  put_inside(target, sample.set, {.proof = Proof::Manifests});
  target.lost = sample.image.digest;
  target.is_gone = true;
  CHECK(put_inside(target, sample.set, {.proof = Proof::Manifests}).manifests_written == 0);
  CHECK(put_inside(target, sample.set, {.proof = Proof::Blobs}).manifests_written == 1);
  CHECK_FALSE(target.is_gone);
}

TEST_CASE("the report counts what all rounds wrote, and as existing what existed before the run") {
  ProvedSample sample;
  ForgetsBlob target;
  target.lost = sample.layer;
  target.when = locations_tag(*sample.outer.digest);
  target.times = 1;
  const Graph::BlobNode& there = sample.set.graph().blobs().begin()->second;
  target.add_blob(read_all(*there.source->open(there.descriptor, 0, {}), there.descriptor.size), "");
  const std::size_t blobs = sample.set.graph().blobs().size();
  const TransferReport report = put_inside(target, sample.set, {.proof = Proof::Blobs});
  CHECK(report.blobs_existed == 1);
  CHECK(report.blobs_written == blobs - 1 + 1);  // the lost one twice
  // Three images, two locations images at two tags each, the root; nothing of it was lost.
  CHECK(report.manifests_written == 3 + 2 * 2 + 1);
  std::uint64_t bytes = sample.set.graph().blobs().at(sample.layer).descriptor.size - there.descriptor.size;
  for (const auto& [digest, blob] : sample.set.graph().blobs()) bytes += blob.descriptor.size;
  CHECK(report.bytes_written == bytes);
}

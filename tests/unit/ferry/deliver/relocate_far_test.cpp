#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "transfer/parallel.hpp"

// What a relocation does side by side where answers take long, and what stays in order there, too.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

Jobs far_away() {
  Jobs jobs;
  LearnedWorkers::note_answer(jobs, LearnedWorkers::kFar);
  return jobs;
}

/// A target that answers some requests only when all of a group of them have come, and can be changed by others once
/// the first manifest is put.
class Meeting : public MemoryTarget {
 public:
  Meeting() : MemoryTarget(kInside) {}

  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override {
    come(text::cat("blob ", blob.digest.text()));
    return MemoryTarget::put_blob(blob, from, progress, stop);
  }
  std::optional<RawManifest> manifest(const std::string& selector) override {
    come(text::cat("get ", selector));
    return MemoryTarget::manifest(selector);
  }
  std::optional<Digest> resolve(const std::string& selector) override {
    const bool is_there = tags().contains(selector);
    come(text::cat(manifest_count() == 0 ? "ask first " : is_there ? "confirm " : "ask ", selector));
    return MemoryTarget::resolve(selector);
  }
  void ask_ahead(const Descriptor& blob, std::stop_token /*stop*/) override {
    come(text::cat("look for ", blob.digest.text()));
  }
  void put_manifest(const RawManifest& manifest, const std::string& selector) override {
    come(text::cat("put ", selector));
    MemoryTarget::put_manifest(manifest, selector);
    const auto other = changed_after.find(selector);
    if (other != changed_after.end()) MemoryTarget::put_manifest(*other->second.first, other->second.second);
  }

  [[nodiscard]] std::ptrdiff_t looked_for() const {
    return std::ranges::count_if(came_, [](const std::string& one) { return one.starts_with("look for "); });
  }

  std::vector<std::vector<std::string>> groups;
  std::vector<std::string> missed;  ///< requests that waited in vain
  /// After which tag others put which manifest under which tag.
  std::map<std::string, std::pair<const RawManifest*, std::string>> changed_after;

 private:
  void come(const std::string& request) {
    std::unique_lock lock(mutex_);
    came_.push_back(request);
    came_one_.notify_all();
    const auto has_come = [&](const std::string& other) { return std::ranges::find(came_, other) != came_.end(); };
    for (const auto& group : groups) {
      if (std::ranges::find(group, request) == group.end()) continue;
      const auto all = [&] { return std::ranges::all_of(group, has_come); };
      if (!came_one_.wait_for(lock, std::chrono::seconds{10}, all)) missed.push_back(request);
    }
  }

  std::mutex mutex_;
  std::condition_variable came_one_;
  std::vector<std::string> came_;
};

struct FarSample : NestedSample {
  Warnings warnings;
  RepositoryPlan plan = relocation_plan(PlacedSet(set, everything_to(kInside), true), {}).front();

  TransferReport put(MemoryTarget& target, const Jobs& jobs, RelocateOptions options = {}) {
    options.to = kInside;
    return relocate_to(target, set, options, {.registry = {.retry_delay = {}}, .jobs = jobs, .progress = &warnings});
  }
  [[nodiscard]] const LocationsImage& locations(std::size_t step) const {
    return *plan.locations.at(step).front().image;
  }
  [[nodiscard]] std::string own_tag(std::size_t step) const {
    return image_tag(locations(step).manifest.descriptor.digest);
  }
  [[nodiscard]] std::string mark(std::size_t step) const { return plan.locations.at(step).front().mark().selector; }
};

/// The places of all operations that start with `what`.
std::vector<std::size_t> places(const std::vector<std::string>& operations, const std::string& what) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations[i].starts_with(what)) found.push_back(i);
  }
  REQUIRE_FALSE(found.empty());
  return found;
}

}  // namespace

TEST_CASE("far away, a relocation does side by side what does not depend on each other") {
  FarSample sample;
  Meeting target;
  const std::string outer = image_tag(*sample.outer.digest);
  const Digest layer = sample.set.graph().blobs_of(*sample.outer.digest).back().digest;
  target.groups = {
      // The first questions are for all that the next ones would be for.
      {"ask first v1", "ask first " + sample.mark(0), "ask first " + sample.mark(1), "ask first " + outer,
       "ask first " + image_tag(*sample.inner.digest), "ask first " + image_tag(*sample.image.digest)},
      {"ask first " + sample.own_tag(0), "ask first " + sample.own_tag(1)},
      // The blobs of locations images travel with all others, and their manifests with those of bundles
      // and of images.
      {text::cat("blob ", layer.text()), text::cat("blob ", sample.locations(0).layer_descriptor.digest.text()),
       text::cat("blob ", sample.locations(1).layer_descriptor.digest.text())},
      {"put " + outer, "put " + image_tag(*sample.inner.digest), "put " + image_tag(*sample.image.digest),
       "put " + sample.own_tag(0), "put " + sample.own_tag(1)},
      // While images are read back, it asks for the tags of the first locations.
      {"get " + outer, "ask " + sample.mark(0)},
      // While a mark is confirmed, it asks for the next one, and for the root's tag.
      {"confirm " + sample.mark(0), "ask " + sample.mark(1)},
      {"confirm " + sample.mark(1), "ask v1"}};
  sample.put(target, far_away());
  CHECK(target.missed == std::vector<std::string>{});
  CHECK(target.tags().at("v1") == *sample.outer.digest);
}

TEST_CASE("far away, the largest blobs are asked for beside tags, and others are not") {
  SampleWorld world;
  const Reference large = world.artifact(kApps, std::string(9 * kMiB, 'l'));
  const Reference bundle = world.bundle("r.example/outer", {large});
  const ImageSet set = discover({root_of(bundle, SourceArgument::Kind::Bundle, "v1")}, world.opener(), {}, {});
  const RepositoryPlan plan = relocation_plan(PlacedSet(set, everything_to(kInside), true), {}).front();
  const std::string locations = image_tag(plan.locations.front().front().image->manifest.descriptor.digest);
  for (const bool is_far : {false, true}) {
    Meeting target;
    const std::string look = text::cat("look for ", set.graph().blobs_of(*large.digest).back().digest.text());
    if (is_far) target.groups = {{look, "ask first " + locations}};
    relocate_to(target, set, {.to = kInside}, {.jobs = is_far ? far_away() : Jobs(3)});
    CHECK(target.missed == std::vector<std::string>{});
    CHECK(target.looked_for() == (is_far ? 1 : 0));
    CHECK(target.tags().at("v1") == *bundle.digest);
  }
}

namespace {

/// `is_listed`: the destination's list of tags says what is there.
void check_order(const Jobs& jobs, bool is_listed) {
  FarSample sample;
  MemoryTarget target(kInside);
  RelocateOptions options;
  if (is_listed) options.by_name.emplace();
  const TransferReport report = sample.put(target, jobs, options);
  const auto operations = target.operations();
  const std::size_t last_blob = places(operations, "blob ").back();
  const std::size_t first_manifest = places(operations, "tag ").front();
  const std::size_t last_image = places(operations, "tag " + image_tag(*sample.outer.digest)).front();
  const std::size_t first_read = places(operations, "get ").front();
  const std::size_t last_read = places(operations, "get ").back();
  const std::size_t inner_mark = places(operations, "tag " + sample.mark(0)).front();
  const std::size_t outer_mark = places(operations, "tag " + sample.mark(1)).front();
  CHECK(places(operations, "get ").size() == 3);
  if (LearnedWorkers::is_far(jobs)) CHECK(last_blob < first_manifest);
  CHECK(last_image < first_read);
  CHECK(last_read < inner_mark);
  CHECK(inner_mark < outer_mark);
  CHECK(places(operations, "tag v1") == std::vector{operations.size() - 1});
  // Each manifest once, and the root once more under its tag.
  CHECK(places(operations, "tag ").size() == 3 + 2 * 2 + 1);
  CHECK(report.manifests_written == 3 + 2 * 2 + 1);
  // Blobs of locations are not those of images.
  CHECK(report.blobs_written == sample.set.graph().blobs().size());
  CHECK(target.blob_count() == sample.set.graph().blobs().size() + 2 * 2);
}

}  // namespace

TEST_CASE("near and far, locations are marked after everything was read back, from the inside, and the root is last") {
  check_order(3, false);
  check_order(3, true);
  check_order(far_away(), false);
  check_order(far_away(), true);
}

TEST_CASE("far away, a destination that loses an image gets no mark and no root's tag") {
  class Losing : public MemoryTarget {
   public:
    using MemoryTarget::MemoryTarget;
    std::optional<RawManifest> manifest(const std::string& selector) override {
      return selector == lost ? std::nullopt : MemoryTarget::manifest(selector);
    }
    std::string lost;
  };
  FarSample sample;
  Losing target(kInside);
  target.lost = image_tag(*sample.image.digest);
  CHECK_THROWS_AS(sample.put(target, far_away()), Error);
  for (const std::string& tag : {sample.mark(0), sample.mark(1), std::string("v1")}) {
    CHECK_FALSE(target.tags().contains(tag));
  }
  target.lost.clear();
  sample.put(target, far_away());
  CHECK(target.tags().at("v1") == *sample.outer.digest);
}

TEST_CASE("a tag that others put meanwhile is reported as moved, or left with --keep-tags") {
  // Of each pair: whether it is far away, and whether that is as late as can be.
  for (const auto& [is_far, is_late] :
       std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {true, true}}) {
    for (const bool keeps : {false, true}) {
      CAPTURE(keeps);
      FarSample sample;
      Meeting target;
      const RawManifest& other = sample.set.graph().at(*sample.image.digest).raw;
      const std::string before = is_late ? sample.mark(1) : image_tag(*sample.outer.digest);
      target.changed_after.emplace(before, std::pair(&other, "v1"));
      const Jobs jobs = is_far ? far_away() : Jobs(3);
      const auto put = [&] { sample.put(target, jobs, {.keep_tags = keeps}); };
      if (keeps) {
        CHECK_THROWS_AS(put(), Error);
        CHECK(target.tags().at("v1") == *sample.image.digest);
        CHECK(sample.warnings.moves.empty());
      } else {
        put();
        CHECK(target.tags().at("v1") == *sample.outer.digest);
        REQUIRE(sample.warnings.moves.size() == 1);
        CHECK(sample.warnings.moves[0].from == *sample.image.digest);
      }
    }
  }
}

TEST_CASE("far away, locations that others put meanwhile are left as they are") {
  FarSample sample;
  Meeting target;
  target.changed_after.emplace(sample.own_tag(0), std::pair(&sample.locations(0).manifest, sample.mark(0)));
  sample.put(target, far_away());
  CHECK(places(target.operations(), "tag " + sample.mark(0)).size() == 1);
  CHECK(sample.warnings.moves.empty());
}

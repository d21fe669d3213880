#include "sealed_sample.hpp"

#include <algorithm>
#include <set>

#include "../unit/ferry/sample_bundles.hpp"
#include "ferry/gather/discover.hpp"
#include "ferry/write/write_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

ImageSet sample_set() {
  SampleWorld world;
  const Reference image = world.image("a.example/app", random_bytes(1500, 7));
  const Reference index = world.index(
      "a.example/multi", {world.image("a.example/multi", "amd64"), world.image("a.example/multi", "arm64")});
  const Reference inner = world.bundle("a.example/inner", {image, index});
  const Reference outer = world.bundle("b.example/outer", {inner, image, world.image("b.example/other", "other")});
  world.artifact("a.example/app", "materials", image.digest);
  return discover({root_of(outer, SourceArgument::Kind::Bundle, "v1")}, world.opener(), {.referrers = Referrers::All},
                  {});
}

std::string kind_of(const Digest& blob, const ImageSet& set) {
  if (set.graph().contains(blob)) return "manifests";
  for (const SetImage& image : set.images()) {
    if (!image.is_bundle) continue;
    const auto layers = set.graph().blobs_of(image.digest());
    const auto found = std::ranges::find(layers, blob, &Descriptor::digest);
    if (found != layers.end() && !set.graph().blobs().at(blob).is_config) return "bundle layers";
  }
  const auto found = set.graph().blobs().find(blob);
  if (found == set.graph().blobs().end()) return "locations";
  return found->second.is_config ? "configurations" : "layers";
}

std::vector<Region> regions_of(const ArchivePlan& plan, const ImageSet& set) {
  std::vector<Region> regions;
  for (const ArchiveMember& member : plan.members) {
    const std::string name = member.name();
    const std::uint64_t padding = member.offset + member.size;
    regions.push_back({"headers", name, member.header_offset, member.offset});
    regions.push_back({member.blob ? kind_of(*member.blob, set) : name, name, member.offset, padding});
    if (padding < member.end()) regions.push_back({"padding", name, padding, member.end()});
  }
  regions.push_back({"end", "the end of the tar", plan.members.back().end(), plan.total_bytes});
  return regions;
}

/// Every second layer is there already.
Baseline half_of(const ImageSet& set) {
  Baseline baseline{.builds_on = {{.kind = BuiltOn::Kind::Archive, .digest = sha256("an older archive")}}};
  bool is_held = false;
  for (const auto& [digest, blob] : set.graph().blobs()) {
    if (kind_of(digest, set) != "layers") continue;
    is_held = !is_held;
    if (is_held) baseline.blobs.emplace(digest, HeldBlob{.size = blob.descriptor.size});
  }
  return baseline;
}

}  // namespace

SealedSample::SealedSample(bool leaves_out) : directory(temp_directory()), path(directory.path() / "sample.tar") {
  const ImageSet set = sample_set();
  static_cast<void>(write_archive(set, path, {}, {.baseline = leaves_out ? half_of(set) : Baseline{}}));
  bytes = read_text(path);
  regions = regions_of(ArchiveReader(path).plan(), set);
  std::set<std::string> all;
  for (const Region& region : regions) all.insert(region.kind);
  kinds.assign(all.begin(), all.end());
}

const Region& SealedSample::region_at(std::uint64_t offset) const {
  return *std::ranges::find_if(regions, [&](const Region& region) { return offset < region.end; });
}

}  // namespace ociferry::testing

#include "delta_trip.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/gather/baseline_reader.hpp"
#include "ferry/gather/discover.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/error.hpp"
#include "ociferry/inventory.hpp"
#include "ociferry/split.hpp"
#include "random_world.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"
#include "trip_checks.hpp"

namespace ociferry::testing {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTarBlock = 512;
constexpr std::uint64_t kLeastBlocks = 128;  ///< of a volume that is not the last
constexpr GatherOptions kWithAttached{.referrers = Referrers::All};

void export_roots(RandomWorld& world, const std::vector<Root>& roots, const fs::path& archive,
                  const ArchiveForm& form) {
  static_cast<void>(
      write_archive(discover(roots, world.opener(), kWithAttached, context(1)), archive, context(1), form));
}

std::vector<Root> some_roots(const RandomWorld& world, Dice& dice) {
  std::vector<Root> some;
  for (const Root& root : world.roots()) {
    if (some.empty() || dice.one_in(2)) some.push_back(root);
  }
  return some;
}

void import_alone(const fs::path& archive, MemoryTarget& target) {
  const ImageSet set = load_archives({archive}, {}, context(1)).set;
  const RelocateOptions options{.to = kTo, .root_tags = root_tags_are_clear(set)};
  static_cast<void>(relocate(set, everything_to(kTo), opener(target), options, context(1)));
}

/// A registry with nothing of what the delta builds on gets nothing.
void check_import_is_refused(const fs::path& delta) {
  MemoryTarget empty(kTo, SparseIndexes::Taken);
  try {
    import_alone(delta, empty);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::Incomplete, text::cat("a delta without its base: ", error.message()));
    require(empty.tags().empty(), "a delta that was refused left a tag");
    return;
  }
  require(false, "a delta was imported where its base is not");
}

void check_delta(const fs::path& old, const fs::path& delta, const fs::path& full) {
  static_cast<void>(verify({.archive = delta}, context(1)));
  const InspectReport shown = inspect(delta, context(1));
  require(shown.delta && shown.delta->full_bytes == fs::file_size(full), "a delta promises another full archive");
  check_equal(load(delta), load(full), "a delta names other images than the full archive");

  const fs::path merged = delta.parent_path() / "merged.tar";
  static_cast<void>(convert_archive({.archives = {delta}, .output = merged, .bases = {old}}, context(2)));
  require(read_text(merged) == read_text(full), "a delta and its base give other bytes than the full archive");

  check_import_is_refused(delta);
  MemoryTarget by_delta(kTo, SparseIndexes::Taken);
  import_alone(old, by_delta);
  import_alone(delta, by_delta);
  MemoryTarget by_full(kTo, SparseIndexes::Taken);
  import_alone(old, by_full);
  import_alone(full, by_full);
  require(by_delta.tags() == by_full.tags(), "a delta puts other tags than the full archive");
  const ImageSet all = load(full);
  for (const auto& [digest, blob] : all.graph().blobs()) {
    require(by_delta.has_blob(digest), text::cat("a delta leaves its destination without ", digest.text()));
  }
}

/// Returns the number of volumes.
std::size_t check_volumes(const fs::path& archive, Dice& dice) {
  const fs::path place = archive.parent_path() / text::cat(archive.stem().string(), "-volumes");
  fs::create_directory(place);
  const std::uint64_t blocks = kLeastBlocks + dice.below(kLeastBlocks);
  const SplitReport report = split_archive(
      {.archive = archive, .output = place / "out.tar", .volumes = {.bytes = kTarBlock * blocks}}, context(1));
  static_cast<void>(verify({.archive = place}, context(1)));
  check_equal(load(archive), load_archives({place}, {}, context(1)).set, "volumes hold something else");
  const fs::path joined = place / "joined.tar";
  static_cast<void>(join_archive({.volumes = place, .output = joined}, context(1)));
  require(read_text(joined) == read_text(archive), "what was divided and joined has other bytes");
  return report.volumes.size();
}

}  // namespace

DeltaTrip make_delta_trip(std::uint64_t seed) {
  RandomWorld world(seed);
  if (world.has_sha512_manifest()) return {.is_refused = true};
  Dice dice(seed ^ 0xde17a);
  const TempDirectory directory = temp_directory();
  const fs::path old = directory.path() / "old.tar";
  const fs::path full = directory.path() / "full.tar";
  const fs::path delta = directory.path() / "delta.tar";
  export_roots(world, some_roots(world, dice), old, {});
  export_roots(world, world.roots(), full, {});

  fs::path have = old;
  if (dice.one_in(2)) {
    have = directory.path() / "have.json";
    static_cast<void>(inventory({.archives = {old}, .output = have}, context(1)));
  }
  export_roots(world, world.roots(), delta, {.baseline = read_baseline({have}, false, context(1))});
  const InspectReport shown = inspect(delta, context(1));
  if (shown.delta) {
    check_delta(old, delta, full);
  } else {
    require(read_text(delta) == read_text(full), "an export that leaves out nothing is not the full archive");
  }
  return {.left_out = shown.delta ? shown.delta->blobs_left_out : 0,
          .volumes = check_volumes(dice.one_in(2) ? delta : full, dice)};
}

}  // namespace ociferry::testing

#include "compact_trip.hpp"

#include <filesystem>
#include <string>

#include "ferry/gather/discover.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/error.hpp"
#include "random_world.hpp"
#include "support/temp.hpp"
#include "trip_checks.hpp"

namespace ociferry::testing {

namespace {

namespace fs = std::filesystem;

constexpr GatherOptions kWithReferrers{.referrers = Referrers::All};

}  // namespace

CompactTrip make_compact_trip(std::uint64_t seed) {
  RandomWorld world(seed);
  if (world.has_sha512_manifest()) return {.is_refused = true};
  const TempDirectory directory = temp_directory();
  const fs::path plain = directory.path() / "plain.tar";
  const fs::path compact = directory.path() / "plain.tar.zst";
  const fs::path expanded = directory.path() / "expanded.tar";
  static_cast<void>(
      write_archive(discover(world.roots(), world.opener(), kWithReferrers, context(1)), plain, context(1)));

  const CompactReport report = compact_archive({.archive = plain, .output = compact}, context(1 + seed % 3));
  const VerifyReport by_plain = verify({.archive = plain}, context(1));
  const VerifyReport verified = verify({.archive = compact}, context(1));
  require(verified.is_sealed && verified.images == by_plain.images && verified.blobs == by_plain.blobs,
          "verify counts otherwise in a compact archive");
  require(inspect(compact, context(1)).fingerprint == report.fingerprint, "a compact archive has another fingerprint");
  check_equal(load(compact), load(plain), "a compact archive holds other images");
  static_cast<void>(expand_archive({.archive = compact, .output = expanded}, context(1)));
  require(read_text(expanded) == read_text(plain), "a compact archive expands to other bytes");
  return {.opened = report.layers_opened};
}

}  // namespace ociferry::testing

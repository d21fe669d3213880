#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/write/write_archive.hpp"
#include "ociferry/delta.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/parity.hpp"
#include "support/golden.hpp"
#include "support/process.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr const char* kReleased = FIXTURES "/archives";

/// Every archive that a released version wrote: the folders are called by versions.
std::vector<std::filesystem::path> released_archives() {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kReleased)) {
    if (entry.path().extension() == ".tar") all.push_back(entry.path());
  }
  std::ranges::sort(all);
  return all;
}

std::string describe(const InspectedImage& image) {
  std::string line = text::cat(image.is_root ? "root " : "", image.is_bundle ? "bundle " : "",
                               image.is_referrer ? "referrer " : "", to_string(image.reference), "\n");
  for (const std::string& tag : image.tags) line += text::cat("  tag ", tag, "\n");
  for (const std::string& platform : image.platforms) line += text::cat("  platform ", platform, "\n");
  for (const Digest& subject : image.subjects) line += text::cat("  attached to ", subject.text(), "\n");
  for (const Digest& child : image.children) line += text::cat("  child ", child.text(), "\n");
  for (const Digest& listed : image.images) line += text::cat("  lists ", listed.text(), "\n");
  if (image.locations) line += text::cat("  locations ", image.locations->text(), "\n");
  return line;
}

std::string describe(const InspectReport& report) {
  std::string text = text::cat(report.format, ", ", report.blobs, " blobs\n");
  for (const InspectedImage& image : report.images) text += describe(image);
  return text;
}

}  // namespace

TEST_CASE("archives of every release are read with the same result as then") {
  const auto archives = released_archives();
  REQUIRE(archives.size() >= 2);
  for (const auto& path : archives) {
    CAPTURE(path.string());
    const VerifyReport verified = verify({.archive = path}, {});
    CHECK(verified.is_sealed);
    const InspectReport report = inspect(path, {});
    CHECK(report.images.size() == verified.images);
    check_golden(std::filesystem::path(path).replace_extension(".txt"), describe(report));
  }
}

TEST_CASE("archives of every release can be converted to the present format") {
  for (const auto& path : released_archives()) {
    CAPTURE(path.string());
    const TempDirectory directory = temp_directory();
    const auto again = directory.path() / "again.tar";
    static_cast<void>(convert_archive({.archives = {path}, .output = again}, {}));
    InspectReport before = inspect(path, {});
    InspectReport after = inspect(again, {});
    CHECK(verify({.archive = again}, {}).images == before.images.size());
    // Locations images are made anew.
    for (InspectReport* report : {&before, &after}) {
      for (InspectedImage& image : report->images) image.locations.reset();
      report->blobs = 0;
    }
    CHECK(describe(after) == describe(before));
  }
}

TEST_CASE("volumes, parity and a delta of 0.2.0 are read with the same result as then") {
  const fs::path folder = fs::path(kReleased) / "0.2.0";
  const VerifyReport verified = verify({.archive = folder / "set"}, {});
  CHECK(verified.is_sealed);
  CHECK(run({.arguments = {"sha256sum", "-c", "--strict", "SHA256SUMS"}, .directory = folder / "set"}).exit_code == 0);
  check_golden(folder / "set.txt", describe(inspect(folder / "set/apps.tar.002", {})));

  const ParityVerifyReport protected_set = verify_with_parity({.archive = folder / "set/apps.tar.001"}, {}, {});
  REQUIRE(protected_set.parity);
  CHECK(protected_set.parity->problem.empty());
  CHECK(protected_set.parity->is_of_this_archive);
  CHECK(protected_set.parity->damaged_blocks + protected_set.parity->damaged_pages == 0);

  const TempDirectory directory = temp_directory();
  for (const char* const file : {"apps.tar.001", "apps.tar.parity"}) {
    fs::copy_file(folder / "set" / file, directory.path() / file);
  }
  const fs::path repaired = directory.path() / "new.tar";
  CHECK(repair_archive({.archive = directory.path() / "apps.tar.001", .output = repaired}, {}).lost_blocks > 0);
  CHECK(read_text(repaired) == read_text(folder / "set/apps.tar.001") + read_text(folder / "set/apps.tar.002"));

  const InspectReport delta = inspect(folder / "update.delta", {});
  REQUIRE(delta.delta);
  check_golden(folder / "update.txt", text::cat(describe(delta), "leaves out ", delta.delta->blobs_left_out, ", ",
                                                delta.delta->bytes_left_out, " bytes\n"));
  const fs::path full = directory.path() / "full.tar";
  static_cast<void>(
      convert_archive({.archives = {folder / "update.delta"}, .output = full, .bases = {folder / "set"}}, {}));
  CHECK(verify({.archive = full}, {}).fingerprint == delta.delta->full_fingerprint);
}

TEST_CASE("bundles of an archive of 0.1.0 that list the same images share their locations image") {
  const InspectReport report = inspect(std::filesystem::path(kReleased) / "0.1.0/equal-locations.tar", {});
  std::multiset<std::string> locations;
  for (const InspectedImage& image : report.images) {
    if (image.locations) locations.insert(image.locations->text());
  }
  CHECK(locations.size() == 4);
  CHECK(std::set(locations.begin(), locations.end()).size() == 2);
}

#include <doctest/doctest.h>

#include <filesystem>

#include "archive/layer_extractor.hpp"
#include "stream/memory.hpp"
#include "support/temp.hpp"

// What other programs write, and every runtime unpacks: fixtures/layers/README.md says how each was made.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHoles = 256 * 1024;

std::string file_with_holes() {
  std::string content(kHoles, '\0');
  content.replace(kHoles / 2, 6, "middle");
  content.replace(kHoles - 3, 3, "end");
  return content;
}

bool has(const fs::path& path) { return fs::exists(fs::symlink_status(path)); }

/// Some formats have no links, no long names, or the tool was not given them: what is there must be right.
void check_tree(const fs::path& root, const std::string& writer) {
  const bool is_whole = writer != "umoci-insert-opaque.tar.gz";
  CHECK(read_text(root / "etc/a") == "hello");
  CHECK(read_text(root / "etc/same") == "hello");
  CHECK(read_text(root / "etc/dev-disk\\x2dlabel.mount") == "unit");
  if (writer != "perl.tar.gz") CHECK(fs::read_symlink(root / "etc/link") == "a");
  CHECK(has(root / "var/holes") == is_whole);
  if (is_whole) CHECK(read_text(root / "var/holes") == file_with_holes());
  const fs::path long_name = root / std::string(150, 'n');
  const bool can_be_long = is_whole && writer != "bsdtar-ustar.tar.gz" && writer != "bsdtar-v7.tar.gz";
  CHECK(has(long_name) == can_be_long);
  if (can_be_long) CHECK(read_text(long_name) == "long");
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) count += entry.is_regular_file() ? 1 : 0;
  CHECK(count == (is_whole ? 4U : 3U) + (can_be_long ? 1U : 0U) + (has(root / "etc/link") ? 1U : 0U));
}

}  // namespace

TEST_CASE("layers of every writer are unpacked completely") {
  std::size_t layers = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(FIXTURES) / "layers")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".tar.gz")) continue;
    CAPTURE(name);
    ++layers;
    const TempDirectory directory = temp_directory();
    LayerExtractor extractor(directory.path());
    StringSource layer(read_text(entry.path()));
    REQUIRE_NOTHROW(extractor.apply(layer, name));
    check_tree(directory.path(), name);
    const ExtractReport& report = extractor.report();
    CHECK(report.skipped_links + report.skipped_special + report.behind_end == 0);
  }
  CHECK(layers >= 22);
}

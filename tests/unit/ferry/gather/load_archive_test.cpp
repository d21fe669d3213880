#include "ferry/gather/load_archive.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>

#include "base/fd.hpp"
#include "layout/foreign/file_tree.hpp"
#include "layout/open_archive.hpp"
#include "medium/file_medium.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "support/tar_builder.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// imgpkg's tar of the nested bundle, taken apart, so that it can be put together again with something wrong.
struct Parts {
  std::vector<std::pair<std::string, std::string>> files;
  Json list;

  explicit Parts(const std::string& name = "outer") {
    const std::string path = FIXTURES "/imgpkg/imgpkg-tar-" + name + ".tar";
    const TarTree tree(open_medium(path));
    for (const std::string& file : first_members(*open_medium(path), 100)) {
      files.emplace_back(file, tree.read(file, 1 << 20));
    }
    list = Json::parse(files.front().second, "manifest.json");
  }

  /// The entries of manifest.json for which `keep` holds.
  template <typename Keep>
  Parts& keep_entries(Keep keep) {
    Json::Array kept;
    for (const Json& entry : *list.as_array()) {
      if (keep(entry.dump())) kept.push_back(entry);
    }
    list = Json(std::move(kept));
    return *this;
  }

  [[nodiscard]] std::string tar() const {
    TarBuilder tar;
    for (const auto& [name, content] : files) tar.file(name, name == "manifest.json" ? list.dump() : content);
    return tar.tar();
  }
};

struct Events : Progress {
  void event(std::string_view line) override {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  }
  std::vector<std::string> lines;
  std::mutex mutex;
};

struct Loaded {
  TempDirectory directory{std::filesystem::temp_directory_path(), "load-test-"};
  std::filesystem::path path = directory.path() / "a.tar";
  Events events;

  ImageSet load(const std::string& tar) {
    write_file_atomically(path, tar, 0600);
    return load_archive(open_image_archive(path), {.progress = &events});
  }

  std::string refusal(const std::string& tar, ErrorCode code) {
    try {
      static_cast<void>(load(tar));
    } catch (const Error& error) {
      CHECK(error.code() == code);
      return error.message();
    }
    return "nothing";
  }
};

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::vector<std::string> roots_of(const ImageSet& set) {
  std::vector<std::string> roots;
  for (const SetImage& image : set.images()) {
    if (image.is_root) roots.push_back(image.reference.name.repository);
  }
  return roots;
}

}  // namespace

TEST_CASE("an imgpkg tar gives the set that was exported: root, nested bundle, index with its children") {
  Loaded loaded;
  const ImageSet set = loaded.load(Parts().tar());
  CHECK(set.images().size() == 5);
  CHECK(roots_of(set) == std::vector<std::string>{"src/outer"});
  CHECK(set.images()[0].tags == std::set<std::string>{"v1"});
  CHECK(std::ranges::count_if(set.images(), &SetImage::is_bundle) == 2);
  CHECK(set.graph().manifests().size() == 7);
  CHECK(loaded.events.lines.empty());
}

TEST_CASE("without a label the bundle that no other one lists is the root, with a warning") {
  Loaded loaded;
  Parts parts;
  std::string text = parts.list.dump();
  const std::string label = R"("Labels":{"dev.carvel.imgpkg.copy.root-bundle":""})";
  const std::string tag = R"("Tag":"v1")";
  REQUIRE(text.find(label) != std::string::npos);
  text.replace(text.find(label), label.size(), R"("Labels":null)");
  text.replace(text.find(tag), tag.size(), R"("Tag":"")");
  parts.list = Json::parse(text, "manifest.json");
  CHECK(roots_of(loaded.load(parts.tar())) == std::vector<std::string>{"src/outer"});
  REQUIRE(loaded.events.lines.size() == 1);
  CHECK(holds(loaded.events.lines[0], "does not mark a root"));
}

TEST_CASE("a signature is attached to the image that its tag names, or an image of its own without it") {
  Loaded loaded;
  const ImageSet set = loaded.load(Parts("sg").tar());
  CHECK(set.images().size() == 6);
  const auto referrer = std::ranges::find_if(set.images(), &SetImage::is_referrer);
  REQUIRE(referrer != set.images().end());
  CHECK_FALSE(referrer->is_root);
  REQUIRE(referrer->tags.size() == 2);  // one image signs two others
  for (const std::string& tag : referrer->tags) CHECK(set.contains(*attachment_subject(tag)));
  const ImageSet alone =
      loaded.load(Parts("sg").keep_entries([](const std::string& entry) { return holds(entry, ".sig\""); }).tar());
  REQUIRE(alone.images().size() == 1);
  CHECK(alone.images()[0].is_root);
  CHECK_FALSE(alone.images()[0].is_referrer);
}

TEST_CASE("an image that a lock file names but the tar lacks is named before anything is written") {
  Loaded loaded;
  const auto without = [&](const std::string& part) {
    return loaded.refusal(Parts().keep_entries([&](const std::string& entry) { return !holds(entry, part); }).tar(),
                          ErrorCode::Incomplete);
  };
  CHECK(holds(without("apps/other@"), "1 images are missing:\n  - localhost:5601/apps/other@sha256:dcaec5"));
  CHECK(holds(without("\"OrigRef\":\"localhost:5601/src/inner"), "localhost:5601/src/inner@sha256:b8e954"));
}

TEST_CASE("a layer that is absent or has another length is named") {
  Loaded loaded;
  const std::string layer = "sha256-731b5da4198187ce6c107a1d4df8a9bafd2afba02a52e2f04d2f0a8f917f5f35.tar.gz";
  Parts missing;
  std::erase_if(missing.files, [&](const auto& file) { return file.first == layer; });
  CHECK(holds(loaded.refusal(missing.tar(), ErrorCode::Incomplete), "lacks 1 blob that its images need:\n  - "));
  CHECK(holds(loaded.refusal(missing.tar(), ErrorCode::Incomplete), layer));
  Parts longer;
  for (auto& [name, content] : longer.files) {
    if (name == layer) content += "x";
  }
  CHECK(holds(loaded.refusal(longer.tar(), ErrorCode::Corrupt), layer + " at offset"));
}

TEST_CASE("a child of an index that the tar lacks makes it Incomplete") {
  Loaded loaded;
  Parts parts("il");
  std::string text = parts.list.dump();
  const auto images = text.find("\"Images\":[");
  REQUIRE(images != std::string::npos);
  text.replace(images, 8, "\"Nothing\"");
  parts.list = Json::parse(text, "manifest.json");
  CHECK(holds(loaded.refusal(parts.tar(), ErrorCode::Incomplete), "of the index"));
}

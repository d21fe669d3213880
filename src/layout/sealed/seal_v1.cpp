#include <array>
#include <map>

#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/sealed/archive_index.hpp"
#include "layout/sealed/seal.hpp"
#include "layout/sealed/seal_rows.hpp"
#include "oci/manifest.hpp"
#include "oci/runtime_name.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

// schemaVersion 1. Its two forms differ in the number of files before the seal: 0.1.0 wrote no manifest.json.

namespace ociferry {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kOciLayoutContent = R"({"imageLayoutVersion":"1.0.0"})";

/// Which entries of index.json have names for container runtimes.
enum class RuntimeNames {
  OfAll,       ///< 0.1.0: all, with the registry's host (index.docker.io)
  OfRunnable,  ///< those that runtimes can load, in their spelling (docker.io)
};

class IndexWriter {
 public:
  IndexWriter(const std::vector<ArchiveItem>& items, RuntimeNames names) : items_(items), names_(names) {
    for (const ArchiveItem& item : items) {
      if (item.tag) ++tag_uses_[*item.tag];
    }
  }

  [[nodiscard]] std::string run() const {
    Json::Array manifests;
    for (const ArchiveItem& item : items_) manifests.push_back(entry(item));
    return Json(Json::Object{{"schemaVersion", 2},
                             {"mediaType", std::string(media_type::kOciIndex)},
                             {"manifests", std::move(manifests)}})
        .dump();
  }

 private:
  /// The tag of the item after any tool has copied the archive to a repository.
  [[nodiscard]] std::string ref_name(const ArchiveItem& item) const {
    if (item.role == ArchiveRole::Locations) return locations_tag(*item.bundle);
    // A tag that two roots share would be ambiguous.
    if (item.tag && tag_uses_.at(*item.tag) == 1) return *item.tag;
    return image_tag(item.descriptor.digest);
  }

  [[nodiscard]] std::string containerd_name(const ArchiveItem& item) const {
    const RepositoryName& name = item.reference.name;
    const std::string repository = names_ == RuntimeNames::OfAll ? to_string(name) : runtime_name(name);
    if (item.role == ArchiveRole::Locations) return text::cat(repository, ":", locations_tag(*item.bundle));
    if (item.tag) return text::cat(repository, ":", *item.tag);
    return text::cat(repository, "@", item.descriptor.digest.text());
  }

  [[nodiscard]] Json entry(const ArchiveItem& item) const {
    std::map<std::string_view, std::string> annotations = {
        {index_key::kRole, std::string(to_string(item.role))},
        {index_key::kReference, to_string(item.reference)},
    };
    if (item.is_runnable || names_ == RuntimeNames::OfAll) {
      annotations[index_key::kRefName] = ref_name(item);
      annotations[index_key::kContainerdName] = containerd_name(item);
    }
    if (item.is_root) annotations[index_key::kRoot] = "true";
    if (item.tag) annotations[index_key::kTag] = *item.tag;
    if (item.bundle) annotations[index_key::kBundle] = item.bundle->text();
    for (const Digest& digest : item.absent) {
      std::string& absent = annotations[index_key::kAbsent];
      absent += text::cat(absent.empty() ? "" : " ", digest.text());
    }
    Json::Object object;
    for (const auto& [key, value] : annotations) object.emplace_back(key, value);
    return Json::Object{{"mediaType", item.descriptor.media_type},
                        {"digest", item.descriptor.digest.text()},
                        {"size", item.descriptor.size},
                        {"annotations", std::move(object)}};
  }

  const std::vector<ArchiveItem>& items_;
  RuntimeNames names_;
  std::map<std::string, int> tag_uses_;
};

class SealV1 : public SealCodec {
 public:
  SealV1(std::vector<std::string_view> files, RuntimeNames names)
      : SealCodec(kVersion, std::move(files)), names_(names) {}

  [[nodiscard]] std::vector<FrontFile> write_files(const std::vector<ArchiveItem>& items,
                                                   std::string docker_manifest) const override {
    std::array<std::string, 3> contents{std::string(kOciLayoutContent), IndexWriter(items, names_).run(),
                                        std::move(docker_manifest)};
    std::vector<FrontFile> all;
    for (std::size_t i = 0; i < files().size(); ++i) {
      all.push_back({.name = std::string(files()[i]), .content = std::move(contents.at(i))});
    }
    return all;
  }

  [[nodiscard]] std::vector<ArchiveItem> read_files(std::span<const FrontFile> files) const override {
    const std::string& index = files[1].content;
    std::vector<ArchiveItem> items = read_index(index);
    if (IndexWriter(items, names_).run() == index) return items;
    throw Error(ErrorCode::Hostile, "index.json is not in the form that ociferry writes");
  }

  [[nodiscard]] std::string write(std::span<const FrontFile> files, const std::vector<ArchiveMember>& members,
                                  const SealedDelta* /*none*/) const override {
    const Json totals(write_totals(files.size(), members));
    return text::cat(R"({"schemaVersion":)", kVersion, ",", write_rows(files, members), R"(],"requires":[],"totals":)",
                     totals.dump(), "}");
  }

  [[nodiscard]] bool has_form(const Json& seal) const override {
    return array_at(seal, "files").size() == files().size();
  }

  [[nodiscard]] SealTable read(const Json& seal) const override { return read_rows(seal); }

 private:
  RuntimeNames names_;
};

}  // namespace

const SealCodec& seal_of_0_1_0() {
  static const SealV1 codec({"oci-layout", "index.json"}, RuntimeNames::OfAll);
  return codec;
}

const SealCodec& seal_of_0_2_0() {
  static const SealV1 codec({"oci-layout", "index.json", "manifest.json"}, RuntimeNames::OfRunnable);
  return codec;
}

}  // namespace ociferry

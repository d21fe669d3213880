#include <array>
#include <map>

#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/sealed/archive_index.hpp"
#include "layout/sealed/seal.hpp"
#include "oci/manifest.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

// schemaVersion 1. Its two forms differ in the number of files before the seal: 0.1.0 wrote no manifest.json.

namespace ociferry {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kOciLayoutContent = R"({"imageLayoutVersion":"1.0.0"})";
constexpr std::uint64_t kLargestArchive = std::uint64_t{1} << 62;

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

Json describe_file(const ArchiveMember& member, std::string_view content) {
  return Json::Object{
      {"name", member.name()}, {"offset", member.offset}, {"size", member.size}, {"digest", sha256(content).text()}};
}

Descriptor read_row(const Json& row) {
  const auto digest = Digest::try_parse(row.string_at("digest"));
  const Json* size = row.find("size");
  if (!digest || size == nullptr || size->as_int() == nullptr || *size->as_int() < 0) refuse_seal("a malformed row");
  return {.media_type = {}, .digest = *digest, .size = static_cast<std::uint64_t>(*size->as_int())};
}

const Json::Array& array_at(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || value->as_array() == nullptr) refuse_seal(text::cat("no list \"", key, "\""));
  return *value->as_array();
}

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

  /// Written row by row: one Json of everything would take several times the memory. Nothing in a row needs escaping.
  [[nodiscard]] std::string write(std::span<const FrontFile> files,
                                  const std::vector<ArchiveMember>& members) const override {
    constexpr std::size_t kRowBytes = 136;
    Json::Array rows;
    for (std::size_t i = 0; i < files.size(); ++i) rows.push_back(describe_file(members[i], files[i].content));
    const std::size_t first_blob = files.size() + 1;
    std::string seal =
        text::cat(R"({"schemaVersion":)", kVersion, R"(,"files":)", Json(std::move(rows)).dump(), R"(,"blobs":[)");
    seal.reserve(seal.size() + (members.size() + 2) * kRowBytes);
    std::uint64_t blob_bytes = 0;
    for (std::size_t i = first_blob; i < members.size(); ++i) {
      const ArchiveMember& member = members[i];
      blob_bytes += member.size;
      if (i > first_blob) seal += ',';
      seal += text::cat(R"({"digest":")", member.blob->text(), R"(","offset":)", member.offset, R"(,"size":)",
                        member.size, "}");
    }
    const Json totals(Json::Object{{"blobs", std::uint64_t{members.size() - first_blob}},
                                   {"blobBytes", blob_bytes},
                                   {"archiveBytes", members.back().end() + kArchiveTrailerBytes}});
    seal += text::cat(R"(],"requires":[],"totals":)", totals.dump(), "}");
    return seal;
  }

  [[nodiscard]] bool has_form(const Json& seal) const override {
    return array_at(seal, "files").size() == files().size();
  }

  [[nodiscard]] SealTable read(const Json& seal) const override {
    SealTable table;
    for (const Json& row : array_at(seal, "files")) table.files.push_back(read_row(row).digest);
    std::uint64_t total = 0;
    for (const Json& row : array_at(seal, "blobs")) {
      table.blobs.push_back(read_row(row));
      // Checked before the sum can overflow: offsets are computed from it.
      if (table.blobs.back().size > kLargestArchive || (total += table.blobs.back().size) > kLargestArchive) {
        refuse_seal("it lists more bytes than a file can have");
      }
    }
    if (table.blobs.empty()) refuse_seal("it lists no blobs");
    return table;
  }

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

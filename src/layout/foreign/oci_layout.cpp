#include "layout/foreign/oci_layout.hpp"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/context.hpp"
#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/limits.hpp"
#include "layout/sealed/archive_index.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

void check_version(const FileTree& tree) {
  const Json layout = Json::parse(tree.read("oci-layout", limits::kManifestBytes), tree.describe("oci-layout"));
  const std::string version = layout.string_at("imageLayoutVersion");
  if (version.starts_with("1.")) return;
  throw Error(ErrorCode::Hostile,
              text::cat(tree.describe("oci-layout"), ": unknown version '", version, "' of layouts"));
}

constexpr std::array<const char*, 2> kNameKeys{"org.opencontainers.image.ref.name", "io.containerd.image.name"};

/// Reads the entries of index.json. Entries that are attached to images are added last, when all images are known.
class IndexReader {
 public:
  explicit IndexReader(const SmallBlobs& blobs) : blobs_(blobs) {}

  void add(const Descriptor& entry) {
    if (auto own = decode_own_entry(entry)) {
      std::set<std::string> tags;
      if (own->tag) tags.insert(*std::exchange(own->tag, std::nullopt));
      list_.add(*std::move(own), tags);
    } else if (auto kind = attached_kind(entry)) {
      attached_.push_back({entry, *std::move(kind), preceding_});
    } else {
      add_image(entry);
    }
  }

  LayoutIndex take() {
    for (const Attached& attached : attached_) add_attached(attached);
    return {.items = list_.take(), .notes = std::move(notes_)};
  }

 private:
  struct Attached {
    Descriptor entry;
    std::string kind;
    std::optional<Digest> preceding;  ///< the image whose entry comes last before this one
  };

  static ArchiveItem item_of(const Descriptor& entry) {
    ArchiveItem item{.descriptor = entry, .reference = {}};
    item.descriptor.annotations.clear();
    return item;
  }

  static ImageNames names_of(const Descriptor& entry) {
    ImageNames names;
    for (const char* key : kNameKeys) {
      const auto name = entry.annotations.find(key);
      if (name != entry.annotations.end()) names.add(name->second);
    }
    return names;
  }

  void add_image(const Descriptor& entry) {
    const ImageNames names = names_of(entry);
    if (auto line = note_of_names(names, entry.digest)) notes_.push_back(*std::move(line));
    list_.add_named(item_of(entry), names);
    preceding_ = entry.digest;
    for (const char* key : kNameKeys) {
      const auto name = entry.annotations.find(key);
      if (name != entry.annotations.end()) named_[name->second].insert(entry.digest);
    }
  }

  void add_attached(const Attached& attached) {
    const Digest& digest = attached.entry.digest;
    std::set<std::string> tags;
    if (!attached.kind.empty()) {
      const auto subject = subject_of(attached);
      if (subject) tags.insert(attachment_tag(*subject, attached.kind));
      if (!subject) {
        notes_.push_back(text::cat(digest.text(), " (", attached.kind,
                                   ") is carried under its digest only: nothing says which image it belongs to"));
      }
    }
    // Its names are those of the image that it is attached to: they are not tags of its own.
    const auto repositories = names_of(attached.entry).repositories;
    ArchiveItem item = item_of(attached.entry);
    item.reference =
        Reference::by_digest(repositories.empty() ? unnamed_repository() : repositories.begin()->first, digest);
    list_.add(std::move(item), tags);
  }

  /// Sources in order of trust: the signed payload, a name that only one image has, the preceding entry.
  [[nodiscard]] std::optional<Digest> subject_of(const Attached& attached) const {
    if (blobs_) {
      if (auto digest = signed_image(attached.entry.digest, blobs_)) return digest;
    }
    for (const char* key : kNameKeys) {
      const auto name = attached.entry.annotations.find(key);
      if (name == attached.entry.annotations.end()) continue;
      const auto images = named_.find(name->second);
      if (images != named_.end() && images->second.size() == 1) return *images->second.begin();
    }
    return attached.preceding;
  }

  const SmallBlobs& blobs_;
  ItemList list_;
  std::vector<Attached> attached_;
  std::vector<std::string> notes_;
  std::map<std::string, std::set<Digest>> named_;
  std::optional<Digest> preceding_;
};

}  // namespace

LayoutIndex read_layout_index(std::string_view index, const SmallBlobs& blobs) {
  IndexReader reader(blobs);
  for (const Descriptor& entry : parse_image_index(index, "index.json").manifests) reader.add(entry);
  LayoutIndex read = reader.take();
  if (read.items.empty()) throw Error(ErrorCode::Hostile, "index.json: it lists no images");
  return read;
}

OciLayout::OciLayout(std::unique_ptr<FileTree> tree) : tree_(std::move(tree)) {
  if (tree_->size_of("oci-layout")) check_version(*tree_);
  const auto small_blob = [this](const Digest& digest) -> std::optional<std::string> {
    const auto size = size_of(digest);
    if (!size || *size > limits::kSmallBlobBytes) return std::nullopt;
    VerifyingSource source(tree_->open(blob_path(digest), 0), {.media_type = {}, .digest = digest, .size = *size},
                           name_of(digest));
    return read_all(source, limits::kSmallBlobBytes);
  };
  const auto doing = [&] { return text::cat("reading ", tree_->describe("index.json")); };
  with_context(doing, [&] {
    const LayoutIndex index = read_layout_index(tree_->read("index.json", limits::kLayoutFileBytes), small_blob);
    for (const std::string& line : index.notes) note(line);
    add_items(index.items);
  });
}

void OciLayout::add_items(const std::vector<ArchiveItem>& entries) {
  ItemList list;
  for (const ArchiveItem& entry : entries) {
    const std::string tag = entry.tag.value_or("");
    if (!tagged_digest(tag, "") || !media_type::is_index(entry.descriptor.media_type)) {
      list.add(entry, {tag});
      continue;
    }
    const auto index = manifest(entry.descriptor.digest.text());
    if (!index) throw Error(ErrorCode::Incomplete, text::cat(name_of(entry.descriptor.digest), " is missing"));
    for (const Descriptor& referrer : parse_image_index(index->bytes, name_of(entry.descriptor.digest)).manifests) {
      list.add({.descriptor = referrer,
                .role = ArchiveRole::Referrer,
                .reference = Reference::by_digest(entry.reference.name, referrer.digest)},
               {});
    }
  }
  items_ = list.take();
}

std::optional<std::uint64_t> OciLayout::size_of(const Digest& blob) const { return tree_->size_of(blob_path(blob)); }

std::optional<RawManifest> OciLayout::manifest(const std::string& selector) {
  const auto wanted = Digest::try_parse(selector);
  const auto size = wanted ? size_of(*wanted) : std::nullopt;
  if (!size) return std::nullopt;
  const Digest& digest = *wanted;
  const Descriptor expected{.media_type = {}, .digest = digest, .size = *size};
  VerifyingSource source(tree_->open(blob_path(digest), 0), expected, name_of(digest));
  return make_raw_manifest(read_all(source, limits::kManifestBytes), digest, name_of(digest));
}

std::unique_ptr<ByteSource> OciLayout::open(const Descriptor& blob, std::uint64_t offset, std::stop_token) {
  const auto size = size_of(blob.digest);
  if (!size) throw Error(ErrorCode::NotFound, text::cat(name_of(blob.digest), " is not in the archive"));
  if (*size != blob.size) {
    throw Error(ErrorCode::Corrupt,
                text::cat(name_of(blob.digest), " has ", *size, " bytes, but its manifest says ", blob.size));
  }
  return tree_->open(blob_path(blob.digest), offset);
}

std::string OciLayout::name_of(const Digest& blob) const { return tree_->describe(blob_path(blob)); }

}  // namespace ociferry

#include "layout/oci_layout.hpp"

#include <utility>

#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
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

/// What a name in an annotation says. Names are hints: one that cannot be read is as good as none.
std::optional<Reference> try_reference(const std::string& name) {
  try {
    return Reference::parse(name);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void add_entry(ItemList& list, const Descriptor& descriptor) {
  if (auto own = decode_own_entry(descriptor)) {
    std::set<std::string> tags;
    if (own->tag) tags.insert(*std::exchange(own->tag, std::nullopt));
    list.add(*std::move(own), tags);
    return;
  }
  ArchiveItem item{.descriptor = descriptor, .reference = {unnamed_repository(), std::nullopt, descriptor.digest}};
  item.descriptor.annotations.clear();
  std::set<std::string> tags;
  for (const char* key : {"org.opencontainers.image.ref.name", "io.containerd.image.name"}) {
    const auto name = descriptor.annotations.find(key);
    if (name == descriptor.annotations.end()) continue;
    if (is_valid_tag(name->second)) {
      tags.insert(name->second);
    } else if (const auto reference = try_reference(name->second)) {
      item.reference.name = reference->name;
      if (reference->tag) tags.insert(*reference->tag);
    }
  }
  list.add(std::move(item), tags);
}

}  // namespace

std::vector<ArchiveItem> read_layout_index(std::string_view index) {
  ItemList list;
  for (const Descriptor& descriptor : parse_image_index(index, "index.json").manifests) add_entry(list, descriptor);
  std::vector<ArchiveItem> items = list.take();
  if (items.empty()) throw Error(ErrorCode::Hostile, "index.json: it lists no images");
  return items;
}

OciLayout::OciLayout(std::unique_ptr<FileTree> tree) : tree_(std::move(tree)) {
  check_version(*tree_);
  try {
    add_items(read_layout_index(tree_->read("index.json", limits::kLayoutFileBytes)));
  } catch (Error& error) {
    error.while_doing(text::cat("reading ", tree_->describe("index.json")));
    throw;
  }
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
                .reference = {entry.reference.name, std::nullopt, referrer.digest}},
               {});
    }
  }
  items_ = list.take();
}

std::optional<std::uint64_t> OciLayout::size_of(const Digest& blob) const { return tree_->size_of(blob_path(blob)); }

std::optional<RawManifest> OciLayout::manifest(const std::string& selector) {
  const Digest digest = Digest::parse(selector);
  const auto size = size_of(digest);
  if (!size) return std::nullopt;
  const Descriptor expected{.media_type = {}, .digest = digest, .size = *size};
  VerifyingSource source(tree_->open(blob_path(digest)), expected, name_of(digest));
  return make_raw_manifest(read_all(source, limits::kManifestBytes), digest, name_of(digest));
}

std::unique_ptr<ByteSource> OciLayout::open(const Descriptor& blob, std::stop_token) {
  const auto size = size_of(blob.digest);
  if (!size) throw Error(ErrorCode::Incomplete, text::cat(name_of(blob.digest), " is not in the archive"));
  if (*size != blob.size) {
    throw Error(ErrorCode::Corrupt,
                text::cat(name_of(blob.digest), " has ", *size, " bytes, but its manifest says ", blob.size));
  }
  return tree_->open(blob_path(blob.digest));
}

std::string OciLayout::name_of(const Digest& blob) const { return tree_->describe(blob_path(blob)); }

}  // namespace ociferry

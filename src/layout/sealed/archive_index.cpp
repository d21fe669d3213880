#include "layout/sealed/archive_index.hpp"

#include <set>
#include <tuple>

#include "base/text.hpp"
#include "oci/manifest.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

[[noreturn]] void refuse(const Descriptor& descriptor, std::string_view why) {
  throw Error(ErrorCode::Hostile, text::cat("index.json: entry ", descriptor.digest.text(), ": ", why));
}

std::optional<std::string> annotation(const Descriptor& descriptor, std::string_view key) {
  const auto found = descriptor.annotations.find(std::string(key));
  if (found == descriptor.annotations.end()) return std::nullopt;
  return found->second;
}

ArchiveRole decode_role(const Descriptor& descriptor) {
  const std::string role = annotation(descriptor, index_key::kRole).value_or("");
  for (const ArchiveRole known :
       {ArchiveRole::Bundle, ArchiveRole::Image, ArchiveRole::Referrer, ArchiveRole::Locations}) {
    if (role == to_string(known)) return known;
  }
  refuse(descriptor, text::cat("unknown role '", role, "'"));
}

ArchiveItem decode(const Descriptor& descriptor) {
  ArchiveItem item{.descriptor = descriptor, .role = decode_role(descriptor), .reference = {}};
  item.is_root = annotation(descriptor, index_key::kRoot).has_value();
  try {
    item.reference = Reference::parse(annotation(descriptor, index_key::kReference).value_or(""));
    item.reference.tag.reset();
  } catch (const Error& error) {
    refuse(descriptor, error.message());
  }
  item.tag = annotation(descriptor, index_key::kTag);
  if (item.tag && !is_valid_tag(*item.tag)) refuse(descriptor, "its tag is malformed");
  if (item.tag && !item.is_root && !attachment_subject(*item.tag)) refuse(descriptor, "only roots have such a tag");
  if (item.is_root && item.role == ArchiveRole::Referrer) refuse(descriptor, "a root is no referrer");
  if (const auto absent = annotation(descriptor, index_key::kAbsent)) {
    for (const std::string& digest : text::split(*absent, ' ')) item.absent.insert(Digest::parse(digest));
  }
  if (const auto bundle = annotation(descriptor, index_key::kBundle)) item.bundle = Digest::parse(*bundle);
  if (item.bundle.has_value() != (item.role == ArchiveRole::Locations)) refuse(descriptor, "its bundle is not named");
  if (item.reference.digest != item.descriptor.digest) refuse(descriptor, "its reference has another digest");
  item.is_runnable = annotation(descriptor, index_key::kContainerdName).has_value();
  item.descriptor.annotations.clear();
  return item;
}

}  // namespace

std::string_view to_string(ArchiveRole role) {
  switch (role) {
    case ArchiveRole::Bundle: return "bundle";
    case ArchiveRole::Image: return "image";
    case ArchiveRole::Referrer: return "referrer";
    case ArchiveRole::Locations: return "locations";
  }
  return "";
}

std::optional<ArchiveItem> decode_own_entry(const Descriptor& entry) {
  return annotation(entry, index_key::kRole) ? std::optional(decode(entry)) : std::nullopt;
}

std::vector<ArchiveItem> read_index(std::string_view index) {
  std::vector<ArchiveItem> items;
  // Bundles with the same images share a locations image, which may also be an image in its own right.
  std::set<std::tuple<Digest, std::optional<Digest>, RepositoryName, std::optional<std::string>>> seen;
  const ImageIndex parsed = parse_image_index(index, "index.json");
  for (const Descriptor& descriptor : parsed.manifests) {
    const ArchiveItem& item = items.emplace_back(decode(descriptor));
    if (!seen.emplace(descriptor.digest, item.bundle, item.reference.name, item.tag).second)
      refuse(descriptor, "it is listed twice");
  }
  return items;
}

}  // namespace ociferry

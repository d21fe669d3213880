#include "layout/sealed/archive_index.hpp"

#include <map>
#include <set>
#include <tuple>
#include <variant>

#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "oci/json.hpp"
#include "oci/manifest.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kRole = "dev.ociferry.role";
constexpr std::string_view kRoot = "dev.ociferry.root";
constexpr std::string_view kReference = "dev.ociferry.reference";
constexpr std::string_view kTag = "dev.ociferry.tag";
constexpr std::string_view kBundle = "dev.ociferry.bundle";
constexpr std::string_view kAbsent = "dev.ociferry.absent";
constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kContainerdName = "io.containerd.image.name";

/// The tag that the item has in a repository after a plain copy of the archive, whatever tool makes it.
std::string ref_name(const ArchiveItem& item, const std::map<std::string, int>& tag_uses) {
  if (item.role == ArchiveRole::Locations) return locations_tag(*item.bundle);
  // A tag that two roots share would name neither.
  if (item.tag && tag_uses.at(*item.tag) == 1) return *item.tag;
  return image_tag(item.descriptor.digest);
}

std::string containerd_name(const ArchiveItem& item, ArchiveEdition edition) {
  const std::string repository =
      edition != ArchiveEdition::Bare ? runtime_name(item.reference.name) : to_string(item.reference.name);
  if (item.role == ArchiveRole::Locations) return text::cat(repository, ":", locations_tag(*item.bundle));
  if (item.tag) return text::cat(repository, ":", *item.tag);
  return text::cat(repository, "@", item.descriptor.digest.text());
}

Json encode(const ArchiveItem& item, const std::map<std::string, int>& tag_uses, ArchiveEdition edition) {
  std::map<std::string_view, std::string> annotations = {
      {kRole, std::string(to_string(item.role))},
      {kReference, to_string(item.reference)},
  };
  if (item.is_runnable || edition == ArchiveEdition::Bare) {
    annotations[kRefName] = ref_name(item, tag_uses);
    annotations[kContainerdName] = containerd_name(item, edition);
  }
  if (item.is_root) annotations[kRoot] = "true";
  if (item.tag) annotations[kTag] = *item.tag;
  if (item.bundle) annotations[kBundle] = item.bundle->text();
  for (const Digest& digest : item.absent) {
    std::string& absent = annotations[kAbsent];
    absent += text::cat(absent.empty() ? "" : " ", digest.text());
  }
  Json::Object object;
  for (const auto& [key, value] : annotations) object.emplace_back(key, value);
  return Json::Object{{"mediaType", item.descriptor.media_type},
                      {"digest", item.descriptor.digest.text()},
                      {"size", item.descriptor.size},
                      {"annotations", std::move(object)}};
}

[[noreturn]] void refuse(const Descriptor& descriptor, std::string_view why) {
  throw Error(ErrorCode::Hostile, text::cat("index.json: entry ", descriptor.digest.text(), ": ", why));
}

std::optional<std::string> annotation(const Descriptor& descriptor, std::string_view key) {
  const auto found = descriptor.annotations.find(std::string(key));
  if (found == descriptor.annotations.end()) return std::nullopt;
  return found->second;
}

ArchiveRole decode_role(const Descriptor& descriptor) {
  const std::string role = annotation(descriptor, kRole).value_or("");
  for (const ArchiveRole known :
       {ArchiveRole::Bundle, ArchiveRole::Image, ArchiveRole::Referrer, ArchiveRole::Locations}) {
    if (role == to_string(known)) return known;
  }
  refuse(descriptor, text::cat("unknown role '", role, "'"));
}

ArchiveItem decode(const Descriptor& descriptor) {
  ArchiveItem item{.descriptor = descriptor, .role = decode_role(descriptor), .reference = {}};
  item.is_root = annotation(descriptor, kRoot).has_value();
  try {
    item.reference = Reference::parse(annotation(descriptor, kReference).value_or(""));
    item.reference.tag.reset();
  } catch (const Error& error) {
    refuse(descriptor, error.message());
  }
  item.tag = annotation(descriptor, kTag);
  if (item.tag && !is_valid_tag(*item.tag)) refuse(descriptor, "its tag is malformed");
  if (item.tag && !item.is_root && !attachment_subject(*item.tag)) refuse(descriptor, "only roots have such a tag");
  if (item.is_root && item.role == ArchiveRole::Referrer) refuse(descriptor, "a root is no referrer");
  if (const auto absent = annotation(descriptor, kAbsent)) {
    for (const std::string& digest : text::split(*absent, ' ')) item.absent.insert(Digest::parse(digest));
  }
  if (const auto bundle = annotation(descriptor, kBundle)) item.bundle = Digest::parse(*bundle);
  if (item.bundle.has_value() != (item.role == ArchiveRole::Locations)) refuse(descriptor, "its bundle is not named");
  if (item.reference.digest != item.descriptor.digest) refuse(descriptor, "its reference has another digest");
  item.is_runnable = annotation(descriptor, kContainerdName).has_value();
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

std::string encode_archive_index(const std::vector<ArchiveItem>& items, ArchiveEdition edition) {
  std::map<std::string, int> tag_uses;
  for (const ArchiveItem& item : items) {
    if (item.tag) ++tag_uses[*item.tag];
  }
  Json::Array manifests;
  for (const ArchiveItem& item : items) manifests.push_back(encode(item, tag_uses, edition));
  return Json(Json::Object{{"schemaVersion", 2},
                           {"mediaType", std::string(media_type::kOciIndex)},
                           {"manifests", std::move(manifests)}})
      .dump();
}

std::optional<ArchiveItem> decode_own_entry(const Descriptor& entry) {
  return annotation(entry, kRole) ? std::optional(decode(entry)) : std::nullopt;
}

std::vector<ArchiveItem> decode_archive_index(std::string_view index, ArchiveEdition edition) {
  std::vector<ArchiveItem> items;
  // Bundles that list the same images have equal locations images, and such an image may be carried for itself, too.
  std::set<std::tuple<Digest, std::optional<Digest>, std::optional<std::string>>> seen;
  const ImageIndex parsed = parse_image_index(index, "index.json");
  for (const Descriptor& descriptor : parsed.manifests) {
    const ArchiveItem& item = items.emplace_back(decode(descriptor));
    if (!seen.emplace(descriptor.digest, item.bundle, item.tag).second) refuse(descriptor, "it is listed twice");
  }
  if (encode_archive_index(items, edition) != index) {
    throw Error(ErrorCode::Hostile, "index.json is not in the form that ociferry writes");
  }
  return items;
}

}  // namespace ociferry

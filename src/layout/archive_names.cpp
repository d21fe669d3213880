#include "layout/archive_names.hpp"

#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

RepositoryName unnamed_repository() { return {"unnamed.invalid", "image"}; }

std::optional<Digest> tagged_digest(std::string_view tag, std::string_view suffix) {
  constexpr std::string_view kPrefix = "sha256-";
  if (!tag.starts_with(kPrefix) || !tag.ends_with(suffix)) return std::nullopt;
  tag.remove_suffix(suffix.size());
  if (tag.size() < kPrefix.size()) return std::nullopt;
  return Digest::try_parse(text::cat("sha256:", tag.substr(kPrefix.size())));
}

void ImageNames::add_reference(const std::string& name) {
  try {
    const Reference reference = Reference::parse(name);
    std::set<std::string>& known = repositories[reference.name];
    if (reference.tag) known.insert(*reference.tag);
  } catch (const Error&) {
    unreadable.push_back(text::cat("'", text::printable(name), "'"));
  }
}

void ImageNames::add(const std::string& name) {
  if (!is_valid_tag(name)) return add_reference(name);
  tags.insert(name);
}

std::optional<std::string> note_of_names(const ImageNames& names, const Digest& image) {
  if (names.unreadable.empty()) return std::nullopt;
  const bool is_one = names.unreadable.size() == 1;
  return text::cat("the image ", image.text(), " is carried without its ", is_one ? "name " : "names ",
                   text::join(names.unreadable, ", "), ", which no registry takes");
}

bool is_digest_tag(std::string_view tag) {
  if (tagged_digest(tag, ".imgpkg") || tagged_digest(tag, ".image-locations.imgpkg")) return true;
  constexpr std::string_view kLong = "sha512-";  // followed by the first half of the digits
  if (!tag.starts_with(kLong)) return false;
  const std::string as_short = text::cat("sha256-", tag.substr(kLong.size()));
  return tagged_digest(as_short, ".imgpkg") || tagged_digest(as_short, ".image-locations.imgpkg");
}

void ItemList::add(ArchiveItem item, const std::set<std::string>& tags) {
  const auto [at, is_new] = known_.emplace(item.descriptor.digest, entries_.size());
  if (is_new) entries_.push_back({.item = item});
  Entry& known = entries_[at->second];
  known.item.is_root = known.item.is_root || item.is_root;
  known.names.try_emplace(item.reference.name);
  for (const std::string& tag : tags) take_tag(known, item.reference.name, tag);
}

void ItemList::add_named(ArchiveItem item, const ImageNames& names) {
  auto repositories = names.repositories;
  if (repositories.empty()) repositories.try_emplace(unnamed_repository());
  repositories.begin()->second.insert(names.tags.begin(), names.tags.end());
  for (const auto& [repository, tags] : repositories) {
    item.reference = Reference::by_digest(repository, item.descriptor.digest);
    add(item, tags);
  }
}

void ItemList::take_tag(Entry& entry, const RepositoryName& name, const std::string& tag) {
  if (!is_valid_tag(tag)) return;
  if (auto bundle = tagged_digest(tag, ".image-locations.imgpkg")) {
    entry.item.role = ArchiveRole::Locations;
    entry.item.bundle = std::move(bundle);
  } else if (attachment_subject(tag)) {
    if (entry.item.role == ArchiveRole::Image) entry.item.role = ArchiveRole::Referrer;
    entry.names[name].insert(tag);
  } else if (!is_digest_tag(tag)) {
    entry.item.is_root = true;
    entry.names[name].insert(tag);
  }
}

std::map<RepositoryName, std::set<std::string>> ItemList::kept_names(const Entry& entry) {
  auto names = entry.names;
  const auto merge_into_first = [&](const RepositoryName& name) {
    auto merged = names.extract(name);
    names.begin()->second.merge(merged.mapped());
  };
  if (names.size() > 1 && names.contains(unnamed_repository())) merge_into_first(unnamed_repository());
  while (!entry.item.is_root && names.size() > 1) merge_into_first(std::prev(names.end())->first);
  return names;
}

std::vector<ArchiveItem> ItemList::take() const {
  std::vector<ArchiveItem> items;
  for (const Entry& entry : entries_) {
    ArchiveItem item = entry.item;
    for (const auto& [name, tags] : kept_names(entry)) {
      item.reference = Reference::by_digest(name, item.descriptor.digest);
      item.tag.reset();
      if (tags.empty()) items.push_back(item);
      for (const std::string& tag : tags) {
        item.tag = tag;
        items.push_back(item);
      }
    }
  }
  return items;
}

std::string blob_path(const Digest& digest) { return text::cat("blobs/", digest.algorithm(), "/", digest.hex()); }

}  // namespace ociferry

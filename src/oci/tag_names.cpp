#include "oci/tag_names.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ociferry {

namespace {

/// A digest as part of a tag, which may have 128 characters: digests longer than sha256 are truncated, as in the
/// distribution specification's "Referrers Tag Schema".
std::string in_tag(const Digest& digest) {
  constexpr std::size_t kHexLength = 64;
  return text::cat(digest.algorithm(), "-", digest.hex().substr(0, kHexLength));
}

bool may_begin_tag(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool may_be_in_tag(char c) { return may_begin_tag(c) || c == '.' || c == '-'; }

std::string without_odd_characters(std::string text) {
  text.erase(text.begin(), std::ranges::find_if(text, may_begin_tag));
  std::erase_if(text, [](char c) { return !may_be_in_tag(c); });
  return text;
}

}  // namespace

std::string image_tag(const Digest& digest) { return text::cat(in_tag(digest), ".imgpkg"); }

std::string repository_tag(const Reference& image) {
  constexpr std::size_t kLongest = 49;  // leaves room for "-sha256-<hex>.imgpkg"
  std::string path = image.name.repository;
  std::ranges::replace(path, '/', '-');
  path = without_odd_characters(std::move(path));
  // Keeps the end of a long path, which identifies more; a tag may not begin with some of its characters.
  if (path.size() > kLongest) path = without_odd_characters(path.substr(path.size() - kLongest));
  const std::string usual = image_tag(image.digest.value());
  return path.empty() ? usual : text::cat(path, "-", usual);
}

std::string attachment_tag(const Digest& digest, std::string_view suffix) {
  return text::cat(digest.algorithm(), "-", digest.hex(), ".", suffix);
}

std::optional<Digest> attachment_subject(std::string_view tag) {
  const auto dash = tag.find('-');
  const auto dot = tag.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot < dash) return std::nullopt;
  if (std::ranges::find(kAttachmentSuffixes, tag.substr(dot + 1)) == kAttachmentSuffixes.end()) return std::nullopt;
  return Digest::try_parse(text::cat(tag.substr(0, dash), ":", tag.substr(dash + 1, dot - dash - 1)));
}

std::string referrers_tag(const Digest& digest) { return in_tag(digest); }

std::string locations_tag(const Digest& digest) { return text::cat(in_tag(digest), ".image-locations.imgpkg"); }

}  // namespace ociferry

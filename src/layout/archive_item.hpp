#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "ociferry/descriptor.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The role of an entry of an archive's index.json (annotation `dev.ociferry.role`).
enum class ArchiveRole { Bundle, Image, Referrer, Locations };

[[nodiscard]] std::string_view to_string(ArchiveRole role);

/// One entry of an archive's index.json; see docs/archive-format.md, "index.json". An image with
/// several tags has an entry for each.
struct ArchiveItem {
  Descriptor descriptor;  ///< without annotations, which are made from the fields below
  ArchiveRole role = ArchiveRole::Image;
  bool is_root = false;  ///< requested by the user at export, not found in a lock file
  Reference reference;   ///< by digest, as its lock file or the user names it
  /// The tag of a root, or the tag that attaches an image to another one.
  std::optional<std::string> tag = {};
  std::set<Digest> absent = {};       ///< indexes: listed by them or below them, but not in the archive
  std::optional<Digest> bundle = {};  ///< locations images: the bundle they belong to
  /// Container runtimes can load it: the entry has names for them. Signatures and charts have none, since runtimes that
  /// load all named entries would fail.
  bool is_runnable = true;
};

}  // namespace ociferry

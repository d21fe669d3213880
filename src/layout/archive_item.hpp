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
  Descriptor descriptor;  ///< without annotations: those are derived from the fields below
  ArchiveRole role = ArchiveRole::Image;
  bool is_root = false;  ///< requested at export, not taken from a lock file
  Reference reference;   ///< by digest, as in the lock file or on the command line
  /// The tag of a root, or the tag that attaches an image to another one.
  std::optional<std::string> tag = {};
  std::set<Digest> absent = {};       ///< for an index: what it or its children list but the archive lacks
  std::optional<Digest> bundle = {};  ///< for a locations image: its bundle
  /// True if container runtimes can load it, so the entry is named for them. Signatures and charts are not: a runtime
  /// that loads all named entries would fail on them.
  bool is_runnable = true;
};

}  // namespace ociferry

#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "ociferry/descriptor.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// What an entry of an archive's index.json is there for (annotation `dev.ociferry.role`).
enum class ArchiveRole { Bundle, Image, Referrer, Locations };

[[nodiscard]] std::string_view to_string(ArchiveRole role);

/// One entry of an archive's index.json; docs/archive-format.md, "index.json", says how it is written. An image with
/// several tags has an entry for each.
struct ArchiveItem {
  Descriptor descriptor;  ///< its annotations are not kept: they are made from the fields below
  ArchiveRole role = ArchiveRole::Image;
  bool is_root = false;  ///< named by the user at export, rather than found in a lock file
  Reference reference;   ///< digest reference: as its lock file, or the user, names it
  /// The tag that a root was asked for by, or that attaches an image to another one.
  std::optional<std::string> tag = {};
  std::set<Digest> absent = {};       ///< indexes: what they list, or those below them, and the archive does not hold
  std::optional<Digest> bundle = {};  ///< locations images: the bundle they belong to
  /// Container runtimes can load it, and shall: the entry has names for them. Programs that load all named entries
  /// would fail at a signature or a chart.
  bool is_runnable = true;
};

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/descriptor.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// What a reader must understand to read an archive, in its seal. Older versions are read for ever.
inline constexpr std::int64_t kSealVersion = 1;

/// The forms in which archives of this version were written, told apart by the files that the seal lists.
enum class ArchiveEdition {
  Bare,      ///< by 0.1.0: without manifest.json; every entry of index.json has a name for container runtimes
  Loadable,  ///< since 0.2.0: with manifest.json; only what runtimes can load has such a name
};

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

/// The bytes of index.json for `items`, in their order (image-spec, image-layout.md), in an archive of that edition.
[[nodiscard]] std::string encode_archive_index(const std::vector<ArchiveItem>& items,
                                               ArchiveEdition edition = ArchiveEdition::Loadable);

/// Reads what `encode_archive_index` wrote for that edition. Throws Error{Hostile} if it is not such an index.
[[nodiscard]] std::vector<ArchiveItem> decode_archive_index(std::string_view index,
                                                            ArchiveEdition edition = ArchiveEdition::Loadable);

/// An entry that `encode_archive_index` wrote, wherever it is found now; nullopt if it is none. Throws Error{Hostile}
/// if it says that it is one but is malformed.
[[nodiscard]] std::optional<ArchiveItem> decode_own_entry(const Descriptor& entry);

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "layout/archive_item.hpp"

namespace ociferry {

/// What a reader must understand to read an archive, in its seal. Older versions are read for ever.
inline constexpr std::int64_t kSealVersion = 1;

/// The forms in which archives of this version were written, told apart by the files that the seal lists.
enum class ArchiveEdition {
  Bare,      ///< by 0.1.0: without manifest.json; every entry of index.json has a name for container runtimes
  Loadable,  ///< since 0.2.0: with manifest.json; only what runtimes can load has such a name
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

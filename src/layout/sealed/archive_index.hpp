#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "layout/archive_item.hpp"

namespace ociferry {

/// The annotations of an entry of our index.json: docs/archive-format.md, "index.json".
namespace index_key {
inline constexpr std::string_view kRole = "dev.ociferry.role";
inline constexpr std::string_view kRoot = "dev.ociferry.root";
inline constexpr std::string_view kReference = "dev.ociferry.reference";
inline constexpr std::string_view kTag = "dev.ociferry.tag";
inline constexpr std::string_view kBundle = "dev.ociferry.bundle";
inline constexpr std::string_view kAbsent = "dev.ociferry.absent";
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kContainerdName = "io.containerd.image.name";
}  // namespace index_key

/// The images that our index.json lists. Throws Error{Hostile} if an entry is malformed or repeated. Does not check the
/// exact bytes: SealCodec does.
[[nodiscard]] std::vector<ArchiveItem> read_index(std::string_view index);

/// Decodes one entry that we wrote, in any index.json; nullopt if another tool wrote it. Throws Error{Hostile} if
/// malformed.
[[nodiscard]] std::optional<ArchiveItem> decode_own_entry(const Descriptor& entry);

}  // namespace ociferry

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "layout/sealed/archive_member.hpp"
#include "medium/medium.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// The Error{Corrupt} for damage at `offset` of the archive that messages call `archive`.
[[nodiscard]] Error damaged(const std::string& archive, std::string_view what, std::uint64_t offset);

/// The same for damage of `medium`: names the volume, and counts from its beginning.
[[nodiscard]] Error damaged(const Medium& medium, std::string_view what, std::uint64_t offset);

/// A byte for messages: "0x1f".
[[nodiscard]] std::string hex(char byte);

/// The name in a tar header's first field.
[[nodiscard]] std::string name_in(std::string_view header);

/// Throws Error{Corrupt} unless `actual` is the header of `member`; the message has the offset of the first difference.
void check_header(const std::string& archive, const ArchiveMember& member, const std::string& actual);

/// The same; the message names the volume, and counts from its beginning.
void check_header(const Medium& medium, const ArchiveMember& member, const std::string& actual);

/// Throws Error{Corrupt} unless `bytes`, which lie at `offset` and are called `what`, are all zero.
void check_all_zero(const std::string& archive, std::string_view bytes, std::uint64_t offset, std::string_view what);

}  // namespace ociferry

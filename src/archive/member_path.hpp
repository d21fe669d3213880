#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/limits.hpp"

namespace ociferry {

/// The path of a member, relative to the root that it is unpacked to: without "." and empty parts, so that an absolute
/// name leads below the root too; "." is the root. A backslash is a character like any other. Throws Error{Hostile} for
/// names that could lead out or that no file can have: with "..", empty, with NUL, longer than limits::kPathBytes, with
/// parts longer than limits::kPathComponentBytes.
[[nodiscard]] std::string member_path(std::string_view name);

/// True if a symbolic link at `path` with `target` leads to a place inside the root, also through other such links: the
/// target is relative, and ".." comes only at its front and no more often than `path` is deep.
[[nodiscard]] bool link_stays_inside(std::string_view path, std::string_view target) noexcept;

/// The directory that holds `path`; empty for the root.
[[nodiscard]] std::string parent_path(std::string_view path);
/// The last part of `path`.
[[nodiscard]] std::string_view file_name(std::string_view path) noexcept;
/// `name` within `directory`; an empty directory is the root.
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);

/// What a whiteout hides of the layers below (image-spec, layer.md, "Whiteouts").
struct Whiteout {
  std::string directory;            ///< empty: the root
  std::optional<std::string> name;  ///< nullopt: opaque, all that the directory holds
};

/// True for what the file system AUFS keeps for itself (".wh..wh.aufs", ".wh..wh.plnk" and all below it, ...): nothing
/// of an image. False for an opaque whiteout, which has such a name too.
[[nodiscard]] bool is_aufs_own(std::string_view path) noexcept;

/// The whiteout that a member stands for, or nullopt if it is none. Throws Error{Hostile} for names that whiteouts
/// must not have: ".wh." alone, of "." or "..", of a whiteout, or as a directory.
[[nodiscard]] std::optional<Whiteout> parse_whiteout(std::string_view path);

}  // namespace ociferry

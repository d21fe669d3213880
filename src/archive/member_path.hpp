#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// The path of a layer's member, relative to the layer's root, without "./" in front and '/' behind; "." is the root.
/// Names that could lead elsewhere are refused, not cleaned: absolute ones, "..", "." and empty parts, NUL, backslash,
/// or longer than limits::kPathBytes and limits::kPathComponentBytes. Throws Error{Hostile}.
[[nodiscard]] std::string member_path(std::string_view name);

/// True if a symbolic link at `path` with `target` leads to a place inside the root whatever other such links there
/// are: the target is relative, and ".." comes only at its front and no more often than `path` is deep.
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

/// The whiteout that a member stands for, or nullopt if it is none. Throws Error{Hostile} for names that whiteouts
/// must not have: ".wh." alone, of "." or "..", of a whiteout, or as a directory.
[[nodiscard]] std::optional<Whiteout> parse_whiteout(std::string_view path);

}  // namespace ociferry

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "archive/layer_reader.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

/// What is at one path of an image's file system.
struct TreeNode {
  LayerMember::Kind kind = LayerMember::Kind::Directory;  ///< hard links are files or whatever they lead to
  char special = 0;                                       ///< of Kind::Other: 'c', 'b' or 'p'
  std::uint32_t mode = 0755;                              ///< permission, setuid, setgid and sticky bits (07777)
  std::optional<std::uint64_t> uid = 0;                   ///< absent if the header does not say it
  std::optional<std::uint64_t> gid = 0;
  std::uint64_t size = 0;    ///< bytes, holes included
  std::int64_t mtime = 0;    ///< seconds since 1970
  std::string link = {};     ///< a symbolic link's target, as it is
  std::size_t layer = 0;     ///< of a file: the layer with its content, 0 for the oldest
  std::uint64_t member = 0;  ///< of a file: which of that layer's members, from 0. Hard links have both in common.
  std::size_t touched = 0;   ///< the newest layer that made it, or something below it
};

/// Orders paths so that what is in a directory follows it at once.
struct PathOrder {
  using is_transparent = void;
  [[nodiscard]] bool operator()(std::string_view one, std::string_view other) const noexcept;
};

/// The file system of an image without the content of its files: its layers applied one after the other, with their
/// whiteouts (image-spec, layer.md). Members below a symbolic link are where it leads within the image, as container
/// runtimes have it. Nothing of it touches a disk. Memory is bounded by UnpackLimits::members and
/// limits::kTarNamesBytes, for all layers together. Not thread-safe.
class ImageTree {
 public:
  /// By path, without a slash in front; the root is left out.
  using Nodes = std::map<std::string, TreeNode, PathOrder>;
  /// A path without symbolic links, and what is there.
  struct Place {
    std::string path;  ///< empty: the root
    const TreeNode* node = nullptr;
  };
  enum class LastLink { Follow, Keep };

  explicit ImageTree(const UnpackLimits& limits = {}) : limits_(limits) {}

  /// Applies one layer on top of those before it: call for the oldest first. `layer` is its raw bytes, read to their
  /// end; `name` is for messages. Throws Error as LayerReader does, Error{Hostile} for members that contradict one
  /// another, Error{Interrupted}.
  void apply(ByteSource& layer, const std::string& name, const std::stop_token& stop = {});

  [[nodiscard]] const Nodes& nodes() const noexcept { return nodes_; }
  /// What is at `path`, seen from the root; "." and ".." count, and never lead above the root. Symbolic links are
  /// followed within the image, the last one only if told to. Throws Error{NotFound} if there is nothing, or a link
  /// leads nowhere; Error{Hostile} for a loop of links.
  [[nodiscard]] Place at(std::string_view path, LastLink last = LastLink::Follow) const;
  /// How many members were left out, since no program should unpack them: names that lead out, unknown kinds.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  /// Why the first of them was.
  [[nodiscard]] const std::string& objection() const noexcept { return objection_; }

 private:
  void place(const LayerMember& member);
  void place_whiteout(const std::string& directory, const std::optional<std::string>& name);
  void place_directory(const LayerMember& member, const std::string& path);
  void place_hardlink(const LayerMember& member, const std::string& path);
  void put(const LayerMember& member, const std::string& path, TreeNode node);
  [[nodiscard]] TreeNode node_of(const LayerMember& member) const;
  [[nodiscard]] std::string real_path(const std::string& path) const;
  void make_directories(const std::string& path);
  void erase(const std::string& path);
  void hide_content(const std::string& path);
  void touch(std::string path);
  void count(std::size_t name_bytes);

  UnpackLimits limits_;
  Nodes nodes_;
  std::size_t layer_ = 0;     ///< that is applied now
  std::uint64_t member_ = 0;  ///< of it
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
  std::uint64_t refused_ = 0;
  std::string objection_;
};

}  // namespace ociferry

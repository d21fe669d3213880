#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ociferry::testing {

/// One member of a layer as a reader must understand it, whatever its headers look like.
struct ModelMember {
  enum class Kind { File, Directory, Symlink, Hardlink, Special };
  Kind kind = Kind::File;
  std::string path;
  std::string text = {};  ///< a file's content, a link's target
};

/// What layers make of a directory (image-spec, layer.md), written down a second time: a table of paths, no files. What
/// ociferry refuses beyond the specification, and leaves out, is in it.
class TreeModel {
 public:
  /// Applies one layer on top of those before it. False: it contradicts itself or leads through a link or file, and
  /// must be refused.
  [[nodiscard]] bool apply(const std::vector<ModelMember>& layer);

  /// Every path with what is there: "directory", "link TARGET", "file CONTENT".
  [[nodiscard]] const std::map<std::string, std::string>& tree() const noexcept { return tree_; }

 private:
  [[nodiscard]] bool place(const ModelMember& member);
  [[nodiscard]] bool whiteout(const ModelMember& member, const std::string& directory, const std::string& name);
  [[nodiscard]] bool hide(const std::string& path);
  void hide_content(const std::string& directory);
  [[nodiscard]] bool way_is_free(const std::string& path) const;
  [[nodiscard]] bool make_directories(const std::string& path);
  [[nodiscard]] bool make_room(const std::string& path);
  void remove(const std::string& path);
  void put(const std::string& path, std::string what);
  [[nodiscard]] bool put_link(const std::string& path, const std::string& target);
  [[nodiscard]] bool is(const std::string& path, const std::string& kind) const;
  [[nodiscard]] bool is_own(const std::string& path) const { return first_ || own_.contains(path); }

  std::map<std::string, std::string> tree_;
  std::set<std::string> own_;
  std::set<std::string> left_out_;
  bool first_ = true;
};

}  // namespace ociferry::testing

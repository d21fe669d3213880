#include "archive/image_tree.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include "archive/limits.hpp"
#include "archive/member_path.hpp"
#include "archive/unpack_limits.hpp"
#include "base/context.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

using NodeKind = LayerMember::Kind;

/// As many as Linux follows in one path.
constexpr std::size_t kMostLinks = 40;

Error contradiction(const std::string& path, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("member '", path, "' ", why)};
}

/// Paths that begin like this are below `path`.
std::string below(const std::string& path) { return path.empty() ? std::string() : path + "/"; }

/// Walks along a path, and along the symbolic links on it.
class TreeWalk {
 public:
  TreeWalk(const ImageTree::Nodes& nodes, std::string_view path) : nodes_(nodes), given_(path) { push_front(path); }

  /// Takes the next step. What is missing stays in the path as it is.
  void step(bool follows_last) {
    std::string part = std::move(parts_.front());
    parts_.pop_front();
    node_ = nullptr;
    if (part.empty() || part == ".") return;
    if (part == "..") {
      path_ = parent_path(path_);
      return;
    }
    std::string next = join_path(path_, part);
    const auto found = nodes_.find(next);
    if (found == nodes_.end()) {
      path_ = std::move(next);
      is_missing_ = true;
      return;
    }
    if (found->second.kind == NodeKind::Symlink && (follows_last || !parts_.empty())) {
      follow(found->second.link);
      return;
    }
    path_ = std::move(next);
    node_ = &found->second;
  }

  [[nodiscard]] bool is_done() const { return parts_.empty(); }
  [[nodiscard]] bool is_missing() const { return is_missing_; }
  /// What the last step came to; null after one that leads back, or to nothing.
  [[nodiscard]] const TreeNode* node() const { return node_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void push_front(std::string_view path) {
    const std::vector<std::string> parts = text::split(path, '/');
    parts_.insert(parts_.begin(), parts.begin(), parts.end());
  }

  void follow(const std::string& target) {
    if (++links_ > kMostLinks) {
      throw Error(ErrorCode::Hostile, text::cat("'", given_, "' leads through more than ", kMostLinks,
                                                " symbolic links: they may lead in a circle"));
    }
    if (target.starts_with('/')) path_.clear();
    push_front(target);
  }

  const ImageTree::Nodes& nodes_;
  std::string given_;
  std::deque<std::string> parts_;
  std::string path_;
  const TreeNode* node_ = nullptr;
  std::size_t links_ = 0;
  bool is_missing_ = false;
};

}  // namespace

bool PathOrder::operator()(std::string_view one, std::string_view other) const noexcept {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(one, other, [&](char a, char b) { return rank(a) < rank(b); });
}

void ImageTree::apply(ByteSource& layer, const std::string& name, const std::stop_token& stop) {
  const auto doing = [&] { return text::cat("reading ", name); };
  with_context(doing, [&] {
    LayerReader reader(layer, name, limits_);
    for (member_ = 0; const auto member = reader.next(); ++member_) {
      throw_if_stopped(stop);
      count(member->path.size() + member->link.size());
      if (member->objection.empty()) {
        place(*member);
      } else if (++refused_ == 1) {
        objection_ = member->objection;
      }
    }
  });
  ++layer_;
}

void ImageTree::place(const LayerMember& member) {
  if (is_aufs_own(member.path)) return;
  if (const auto whiteout = parse_whiteout(member.path)) return place_whiteout(whiteout->directory, whiteout->name);
  if (member.path == ".") {
    if (member.kind != NodeKind::Directory) throw contradiction(member.path, "is the root but not a directory");
    return;
  }
  const std::string path = real_path(member.path);
  switch (member.kind) {
    case NodeKind::Directory: return place_directory(member, path);
    case NodeKind::Hardlink: return place_hardlink(member, path);
    default: return put(member, path, node_of(member));
  }
}

/// Hides what earlier layers left; what this layer has made stays, in whichever order.
void ImageTree::place_whiteout(const std::string& directory, const std::optional<std::string>& name) {
  if (!name) return hide_content(directory.empty() ? directory : real_path(join_path(directory, ".")));
  const std::string path = real_path(join_path(directory, *name));
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return;
  if (found->second.touched < layer_) return erase(path);
  hide_content(path);
}

void ImageTree::place_directory(const LayerMember& member, const std::string& path) {
  const auto found = nodes_.find(path);
  if (found != nodes_.end() && found->second.kind == NodeKind::Directory) {
    found->second = node_of(member);
    return touch(path);
  }
  put(member, path, node_of(member));
}

void ImageTree::place_hardlink(const LayerMember& member, const std::string& path) {
  const std::string target = real_path(member.link);
  if (target == path || target.starts_with(below(path))) {
    throw contradiction(member.path, "is a hard link to itself or to what it replaces");
  }
  const auto found = nodes_.find(target);
  if (found == nodes_.end() || found->second.kind == NodeKind::Directory) {
    throw contradiction(member.path,
                        text::cat("is a hard link to '", member.link, "', which is not a file of the image"));
  }
  put(member, path, found->second);
}

/// Puts `node` at `path`, in place of what is there.
void ImageTree::put(const LayerMember& member, const std::string& path, TreeNode node) {
  const auto found = nodes_.find(path);
  if (found != nodes_.end()) {
    const bool is_own = found->second.touched == layer_;
    if (is_own && found->second.kind == NodeKind::Directory) {
      throw contradiction(member.path, "is a directory and something else in one layer");
    }
    erase(path);
  }
  make_directories(parent_path(path));
  nodes_.insert_or_assign(path, std::move(node));
  touch(path);
}

TreeNode ImageTree::node_of(const LayerMember& member) const {
  TreeNode node{.kind = member.kind,
                .special = member.special,
                .mode = member.mode & 07777,
                .uid = member.uid,
                .gid = member.gid,
                .size = member.size,
                .mtime = member.mtime,
                .layer = layer_,
                .member = member_};
  if (member.kind == NodeKind::Symlink) node.link = member.link;
  return node;
}

/// `path` with the symbolic links above its last part followed. What is missing stays as it is.
std::string ImageTree::real_path(const std::string& path) const {
  TreeWalk walk(nodes_, path);
  while (!walk.is_done()) {
    walk.step(false);
    const TreeNode* node = walk.node();
    if (!walk.is_done() && node != nullptr && node->kind != NodeKind::Directory) {
      throw contradiction(path, text::cat("is below '", walk.path(), "', which is no directory"));
    }
  }
  if (walk.path().size() > limits::kPathBytes) throw contradiction(path, "has too long a path");
  return walk.path();
}

void ImageTree::make_directories(const std::string& path) {
  if (path.empty() || nodes_.contains(path)) return;
  make_directories(parent_path(path));
  count(path.size());
  nodes_.emplace(path, TreeNode{});
}

void ImageTree::erase(const std::string& path) {
  const std::string inside = below(path);
  auto end = nodes_.lower_bound(inside);
  while (end != nodes_.end() && end->first.starts_with(inside)) ++end;
  nodes_.erase(nodes_.lower_bound(path), end);
}

void ImageTree::hide_content(const std::string& path) {
  const std::string inside = below(path);
  auto node = nodes_.lower_bound(inside);
  while (node != nodes_.end() && node->first.starts_with(inside)) {
    node = node->second.touched < layer_ ? nodes_.erase(node) : std::next(node);
  }
}

/// Notes that the current layer made `path`.
void ImageTree::touch(std::string path) {
  for (auto found = nodes_.find(path); found != nodes_.end(); found = nodes_.find(path)) {
    found->second.touched = layer_;
    path = parent_path(path);
    if (path.empty()) return;
  }
}

void ImageTree::count(std::size_t name_bytes) {
  name_bytes_ += name_bytes;
  check_members(++members_, limits_, "the image");
  if (name_bytes_ <= limits::kTarNamesBytes) return;
  throw Error(ErrorCode::Hostile,
              text::cat("the names of its members take more than ", limits::kTarNamesBytes, " bytes"));
}

ImageTree::Place ImageTree::at(std::string_view path, LastLink last) const {
  const auto nothing = [&](std::string_view why) {
    return Error(ErrorCode::NotFound, text::cat("the image has no '", text::printable(path), "'", why));
  };
  TreeWalk walk(nodes_, path);
  const TreeNode* node = nullptr;
  while (!walk.is_done()) {
    walk.step(last == LastLink::Follow);
    if (walk.is_missing()) {
      const bool is_told = path == walk.path();
      throw nothing(is_told ? "" : text::cat(": there is no '", text::printable(walk.path()), "'"));
    }
    node = walk.node();
    if (!walk.is_done() && node != nullptr && node->kind != NodeKind::Directory) {
      throw nothing(text::cat(": '", text::printable(walk.path()), "' is no directory"));
    }
  }
  if (node == nullptr && !walk.path().empty()) node = &nodes_.find(walk.path())->second;
  return {walk.path(), node};
}

}  // namespace ociferry

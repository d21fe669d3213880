#include "tree_model.hpp"

#include <utility>

namespace ociferry::testing {

namespace {

using Kind = ModelMember::Kind;

std::string parent(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::vector<std::string> parts(const std::string& path) {
  std::vector<std::string> all(1);
  for (const char c : path) {
    if (c == '/') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

/// A link may go up at its front, and not above the root; then it may only go down.
bool stays_inside(const std::string& path, const std::string& target) {
  if (target.front() == '/') return false;
  auto depth = static_cast<int>(parts(path).size()) - 1;
  bool went_down = false;
  for (const std::string& part : parts(target)) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      went_down = true;
    } else if (went_down || --depth < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool TreeModel::is(const std::string& path, const std::string& kind) const {
  const auto found = tree_.find(path);
  return found != tree_.end() && found->second.starts_with(kind);
}

bool TreeModel::way_is_free(const std::string& path) const {
  for (std::string at = parent(path); !at.empty(); at = parent(at)) {
    if (tree_.contains(at) && !is(at, "directory")) return false;
  }
  return true;
}

bool TreeModel::make_directories(const std::string& path) {
  if (path.empty()) return true;
  if (!way_is_free(path) || (tree_.contains(path) && !is(path, "directory"))) return false;
  for (std::string at = path; !at.empty(); at = parent(at)) tree_.emplace(at, "directory");
  return true;
}

bool TreeModel::make_room(const std::string& path) {
  if (!make_directories(parent(path))) return false;
  if (is(path, "directory") && is_own(path)) return false;
  remove(path);
  return true;
}

void TreeModel::remove(const std::string& path) {
  tree_.erase(path);
  std::erase_if(tree_, [&](const auto& entry) { return entry.first.starts_with(path + "/"); });
}

void TreeModel::put(const std::string& path, std::string what) {
  tree_.insert_or_assign(path, std::move(what));
  for (std::string at = path; !at.empty(); at = parent(at)) own_.insert(at);
}

void TreeModel::hide_content(const std::string& directory) {
  if (first_ || (!directory.empty() && !is(directory, "directory"))) return;
  std::vector<std::string> children;
  for (const auto& [path, what] : tree_) {
    if (parent(path) == directory) children.push_back(path);
  }
  for (const std::string& child : children) static_cast<void>(hide(child));
}

bool TreeModel::hide(const std::string& path) {
  if (first_) return true;
  if (!way_is_free(path)) return false;
  if (is_own(path)) {
    hide_content(path);
  } else {
    remove(path);
  }
  return true;
}

bool TreeModel::whiteout(const ModelMember& member, const std::string& directory, const std::string& name) {
  if (member.kind != Kind::File) return false;
  if (name != ".wh..wh..opq") return hide(directory.empty() ? name.substr(4) : directory + "/" + name.substr(4));
  if (first_) return true;
  if (!directory.empty() && !way_is_free(directory)) return false;
  hide_content(directory);
  return true;
}

bool TreeModel::put_link(const std::string& path, const std::string& target) {
  if (stays_inside(path, target)) {
    put(path, "link " + target);
  } else {
    left_out_.insert(path);
  }
  return true;
}

bool TreeModel::place(const ModelMember& member) {
  const std::string directory = parent(member.path);
  const std::string name = parts(member.path).back();
  if (name.starts_with(".wh.")) return whiteout(member, directory, name);
  if (member.path == ".") return member.kind == Kind::Directory;
  switch (member.kind) {
    case Kind::File:
      if (!make_room(member.path)) return false;
      put(member.path, "file " + member.text);
      return true;
    case Kind::Directory:
      if (!is(member.path, "directory") && !make_room(member.path)) return false;
      if (!make_directories(member.path)) return false;
      put(member.path, "directory");
      return true;
    case Kind::Symlink: return !member.text.empty() && make_room(member.path) && put_link(member.path, member.text);
    case Kind::Hardlink: {
      if (!way_is_free(member.text)) return false;
      if (!tree_.contains(member.text) && left_out_.contains(member.text)) {
        left_out_.insert(member.path);
        return make_room(member.path);
      }
      if (!is(member.text, "file") && !is(member.text, "link")) return false;
      if (member.text == member.path || member.text.starts_with(member.path + "/")) return false;
      const std::string content = tree_.at(member.text);
      if (!make_room(member.path)) return false;
      if (content.starts_with("link ")) return put_link(member.path, content.substr(5));
      put(member.path, content);
      return true;
    }
    case Kind::Special: left_out_.insert(member.path); return make_room(member.path);
  }
  return false;
}

bool TreeModel::apply(const std::vector<ModelMember>& layer) {
  own_.clear();
  for (const ModelMember& member : layer) {
    if (!place(member)) return false;
  }
  first_ = false;
  return true;
}

}  // namespace ociferry::testing

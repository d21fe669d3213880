#include "archive/member_path.hpp"

#include <algorithm>

#include "archive/limits.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kAufs = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

Error refused(std::string_view name, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("member '", name.substr(0, 300), "': ", why)};
}

void check_part(std::string_view name, std::string_view part) {
  if (part == "..") throw refused(name, "its path has a part that is '..'");
  if (part.size() > limits::kPathComponentBytes) {
    throw refused(name, text::cat("a part of its path is longer than ", limits::kPathComponentBytes, " bytes"));
  }
}

}  // namespace

std::string member_path(std::string_view name) {
  if (name.empty()) throw refused(name, "its path is empty");
  if (name.size() > limits::kPathBytes) throw refused(name, "its path is too long");
  if (name.find('\0') != std::string_view::npos) throw refused(name, "its path holds a NUL byte");
  std::string path;
  path.reserve(name.size());
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    check_part(name, part);
    if (!path.empty()) path += '/';
    path += part;
  }
  return path.empty() ? "." : path;
}

bool link_stays_inside(std::string_view path, std::string_view target) noexcept {
  if (target.empty() || target.starts_with('/')) return false;
  auto above = std::ranges::count(path, '/');
  bool named = false;
  while (!target.empty()) {
    const std::string_view part = target.substr(0, target.find('/'));
    target.remove_prefix(std::min(target.size(), part.size() + 1));
    if (part == "..") {
      if (named || above-- == 0) return false;
    } else if (!part.empty() && part != ".") {
      named = true;
    }
  }
  return true;
}

std::string parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

std::string_view file_name(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join_path(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : text::cat(directory, "/", name);
}

bool is_aufs_own(std::string_view path) noexcept {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.starts_with(kAufs) && part != kOpaque) return true;
  }
  return false;
}

std::optional<Whiteout> parse_whiteout(std::string_view path) {
  const std::string_view name = file_name(path);
  std::string directory = parent_path(path);
  if (directory.starts_with(kWhiteout) || directory.find("/.wh.") != std::string::npos) {
    throw refused(path, "it lies within a whiteout");
  }
  if (!name.starts_with(kWhiteout)) return std::nullopt;
  if (name == kOpaque) return Whiteout{std::move(directory), std::nullopt};
  const std::string_view hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == ".." || hidden.starts_with(kWhiteout)) {
    throw refused(path, "this is not a valid name of a whiteout");
  }
  return Whiteout{std::move(directory), std::string(hidden)};
}

}  // namespace ociferry

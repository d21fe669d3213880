#include "archive/member_path.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

Error refused(std::string_view name, std::string_view why) {
  return {ErrorCode::Hostile, text::cat("member '", name.substr(0, 300), "': ", why)};
}

void check_part(std::string_view name, std::string_view part) {
  if (part.empty()) throw refused(name, "its path has an empty part");
  if (part == "." || part == "..") throw refused(name, "its path has a part that is '.' or '..'");
  if (part.size() > limits::kPathComponentBytes) {
    throw refused(name, text::cat("a part of its path is longer than ", limits::kPathComponentBytes, " bytes"));
  }
}

}  // namespace

std::string member_path(std::string_view name) {
  std::string_view path = name;
  if (path.starts_with('/')) throw refused(name, "its path is absolute");
  if (path.size() > limits::kPathBytes) throw refused(name, "its path is too long");
  if (path.find('\0') != std::string_view::npos) throw refused(name, "its path holds a NUL byte");
  if (path.find('\\') != std::string_view::npos) throw refused(name, "its path holds a backslash");
  if (path == "." || path == "./") return ".";
  if (path.starts_with("./")) path.remove_prefix(2);
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (const std::string& part : text::split(path, '/')) check_part(name, part);
  return std::string(path);
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
    throw refused(path, "this is not a whiteout's name");
  }
  return Whiteout{std::move(directory), std::string(hidden)};
}

}  // namespace ociferry
